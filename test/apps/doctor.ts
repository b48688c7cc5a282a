import { here, type Place } from "../process/place.ts";
import { repositoryPath } from "../process/repository.ts";
import { type Started, start } from "../process/started.ts";
import { wherefrom } from "./wherefrom.ts";

/** The path of every echo in these tests. */
export const ECHO_PATH = "/.wherefrom-0123456789abcdef";

/** `wherefrom doctor serve` in a process of its own. */
export type ServedEcho = { readonly process: Started; readonly port: number; stop(): Promise<void> };

export type EchoPlace = { readonly place?: Place; readonly host?: string; readonly port?: number; readonly args?: readonly string[] };

/** Starts an echo and waits for the line that says where it is. */
export async function startEcho({ place = here, host = "127.0.0.1", port = 0, args = [] }: EchoPlace = {}): Promise<ServedEcho> {
  const bin = repositoryPath("packages/cli/bin/wherefrom.js");
  const listen = ["--host", host, "--port", String(port), "--path", ECHO_PATH];
  // the tests may run in a container, but their hosts are none
  const running = start([process.execPath, bin, "doctor", "serve", ...listen, "--container", "no", "--json", ...args], { place });
  const line = await running.ready("says where it is", () => /^\{.*\}\n/m.exec(running.stdout())?.[0]);
  return {
    process: running,
    port: (JSON.parse(line) as { port: number }).port,
    stop: async () => {
      await running.stop();
    },
  };
}

/** The part of a probe's JSON that tests look at. */
export type Probed = {
  readonly code: number | null;
  readonly stderr: string;
  readonly path: { readonly clients: object; readonly legs: readonly ProbedLeg[] };
  readonly proposal: {
    readonly kind: string;
    readonly why?: string;
    readonly proposals?: readonly {
      readonly policy: object;
      readonly isProven: boolean;
      readonly tried: number;
      readonly forged: number;
    }[];
  };
  readonly facts: Readonly<Record<string, unknown>>;
  readonly diagnosis: {
    readonly causes: readonly { readonly id: string }[];
    readonly undecided: boolean;
    readonly nextTest: string | null;
  };
  readonly advice: { readonly warnings: readonly string[] };
};

export type ProbedLeg = {
  readonly transport: string;
  readonly family: number;
  readonly plainChain: readonly string[];
  readonly peers: readonly string[];
  readonly chain?: { readonly fate: string; readonly added: readonly string[]; readonly lines: number };
  readonly lines?: string;
  readonly hopByHop?: string;
  readonly alias?: string;
  readonly singles: readonly { readonly name: string; readonly fate: string }[];
};

/** Probes an echo from a place, and gives what it says. */
export async function probe(
  url: string,
  { place, args = [] }: { readonly place?: Place; readonly args?: readonly string[] } = {},
): Promise<Probed> {
  const words = ["doctor", "probe", url, "--family", "4", "--rounds", "1", "--json", ...args];
  const { exitCode, stdout, stderr } = await wherefrom(words, place && { place });
  const told = stdout === "" ? {} : (JSON.parse(stdout) as object);
  return { code: exitCode, stderr, ...told } as Probed;
}
