import { debianPython } from "../apps/python.ts";
import type { Seen } from "../apps/seen.ts";
import type { Place } from "../process/place.ts";
import { repositoryPath } from "../process/repository.ts";
import { type Ran, run, runWell } from "../process/run.ts";

const MAX_VISIT_SECONDS = 5;

export type VisitOptions = {
  readonly headers?: Readonly<Record<string, string>>;
  /** Which of the client's addresses to connect from. */
  readonly source?: string;
};

/** Asks over HTTP with curl, from a place, and gives what the service saw. */
export async function visitHttp(place: Place, hostAndPort: string, options: VisitOptions = {}): Promise<Seen> {
  const headers = Object.entries(options.headers ?? {}).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const source = options.source === undefined ? [] : ["--interface", options.source];
  const command = [
    "curl",
    "-sS",
    "--fail-with-body",
    "--max-time",
    String(MAX_VISIT_SECONDS),
    ...source,
    ...headers,
    `http://${hostAndPort}/ip`,
  ];
  return JSON.parse(await runWell(command, { place })) as Seen;
}

/** Opens a WebSocket as a device does, from a place, and gives what the service saw. */
export async function visitWebSocket(place: Place, hostAndPort: string, options: VisitOptions = {}): Promise<Seen> {
  const wish = { url: `ws://${hostAndPort}/ws`, headers: Object.entries(options.headers ?? {}), source: options.source };
  return JSON.parse(await runWell([debianPython(), repositoryPath("test/apps/device.py"), JSON.stringify(wish)], { place })) as Seen;
}

/** Tries to get any answer at all within a second. curl's exit code 28 says that none came. */
export async function knock(place: Place, hostAndPort: string): Promise<Ran> {
  return run(["curl", "-sS", "--max-time", "1", `http://${hostAndPort}/ip`], { place });
}
