import { fileURLToPath } from "node:url";
import { runs } from "./machine.ts";
import type { Programs } from "./programs.ts";

/** What is asked of a proxy. */
export type HttpLoad = {
  readonly port: number;
  readonly path: string;
  /** `Name: value`, beside Host. */
  readonly fields: readonly string[];
  readonly connections: number;
  readonly seconds: number;
};

/** What came of it. */
export type HttpLoaded = { readonly requests: number; readonly seconds: number; readonly p50Ms: number; readonly p99Ms: number };

const GENERATOR = fileURLToPath(new URL("http-load.js", import.meta.url));
const WRK_SCRIPT = fileURLToPath(new URL("../../traffic/wrk.lua", import.meta.url));

let hasWrk: boolean | undefined;

/** Whether wrk drives the proxies. It costs a third of our own generator; it counts whole seconds only. */
export function drivesWithWrk(seconds: number): boolean {
  hasWrk ??= runs("wrk", "-v");
  return hasWrk && Number.isInteger(seconds);
}

/** Drives a proxy for a while. Errors: an `Error` when an answer was not 200, or did not come. */
export async function loadHttp(programs: Programs, load: HttpLoad): Promise<HttpLoaded> {
  const command = drivesWithWrk(load.seconds) ? wrkCommand(load) : [process.execPath, GENERATOR, JSON.stringify(load)];
  const loaded = (await programs.start(command, "traffic").hears()) as HttpLoaded & { readonly errors: number };
  if (loaded.errors > 0) throw new Error(`${loaded.errors} of ${loaded.requests} requests for ${load.path} failed`);
  return loaded;
}

function wrkCommand({ port, path, fields, connections, seconds }: HttpLoad): readonly string[] {
  const effort = ["-t", "1", "-c", String(connections), "-d", `${seconds}s`, "-s", WRK_SCRIPT];
  return ["wrk", ...effort, ...fields.flatMap((field) => ["-H", field]), `http://127.0.0.1:${port}${path}`];
}
