// This package brings no types of its own.
declare module "istanbul-lib-instrument" {
  type InstrumenterOptions = { readonly esModules: boolean; readonly compact: boolean; readonly coverageVariable: string };
  type Instrumenter = { instrumentSync(code: string, filename: string): string };
  export function createInstrumenter(options: InstrumenterOptions): Instrumenter;
}
