import { fileURLToPath } from "node:url";
import { runs } from "./machine.ts";
import type { Program, Programs } from "./programs.ts";

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

const SECONDS_OF_A_DAY = 86_400;

let hasWrk: boolean | undefined;

/** Whether wrk drives the proxies. It costs a third of our own generator; it counts whole seconds only. */
export function drivesWithWrk(seconds: number): boolean {
  hasWrk ??= runs("wrk", "-v");
  return hasWrk && Number.isInteger(seconds);
}

/** Drives a proxy for a while. Errors: an `Error` when an answer was not 200, or did not come. */
export function loadHttp(programs: Programs, load: HttpLoad): Promise<HttpLoaded> {
  return loadedBy(startLoad(programs, load), load);
}

/** Drives a proxy while something else is done with it. Errors: those of `loadHttp`, and of what is done. */
export async function loadHttpWhile<Result>(
  { programs, load }: { readonly programs: Programs; readonly load: Omit<HttpLoad, "seconds"> },
  act: () => Promise<Result>,
): Promise<Result> {
  const endless = { ...load, seconds: SECONDS_OF_A_DAY };
  const program = startLoad(programs, endless);
  const stopped = act().finally(() => process.kill(program.pid, "SIGINT"));
  const [result] = await Promise.all([stopped, loadedBy(program, endless)]);
  return result;
}

function startLoad(programs: Programs, load: HttpLoad): Program {
  return programs.start(drivesWithWrk(load.seconds) ? wrkCommand(load) : [process.execPath, GENERATOR, JSON.stringify(load)], "traffic");
}

async function loadedBy(program: Program, { path }: HttpLoad): Promise<HttpLoaded> {
  const loaded = (await program.hears()) as HttpLoaded & { readonly errors: number };
  if (loaded.errors > 0) throw new Error(`${loaded.errors} of ${loaded.requests} requests for ${path} failed`);
  return loaded;
}

function wrkCommand({ port, path, fields, connections, seconds }: HttpLoad): readonly string[] {
  const effort = ["-t", "1", "-c", String(connections), "-d", `${seconds}s`, "-s", WRK_SCRIPT];
  return ["wrk", ...effort, ...fields.flatMap((field) => ["-H", field]), `http://127.0.0.1:${port}${path}`];
}
