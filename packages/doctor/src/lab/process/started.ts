import { type ChildProcess, spawn } from "node:child_process";
import { commandAt, here, type Place } from "./place.ts";
import { until } from "./until.ts";

/** How a process ended: by its own exit code or by a signal. */
export type Ended = { readonly exitCode: number | null; readonly signal: NodeJS.Signals | null };

/** A process that a test started and that only this test stops. */
export type Started = {
  readonly pid: number | undefined;
  stdout(): string;
  stderr(): string;
  /** Waits for a condition on this process; fails at once, with what the process said, when it ends before. A failure ends the process. */
  ready<T>(what: string, condition: () => T | Promise<T>): Promise<Exclude<T, undefined | false>>;
  readonly ended: Promise<Ended>;
  /** Sends a signal, waits for the end, and after a bounded wait kills. */
  stop(signal?: NodeJS.Signals): Promise<Ended>;
};

export type StartOptions = { readonly place?: Place; readonly env?: Readonly<Record<string, string>> };

const running = new Set<ChildProcess>();
// The last resort for a test run that ends without its `afterAll`.
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts a process and returns at once; `ready` waits for what makes it usable. */
export function start(command: readonly string[], options: StartOptions = {}): Started {
  const { place = here } = options;
  const { program, args, env } = commandAt(place, command, options.env);
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env });
  const said = { stdout: "", stderr: "" };
  let end: Ended | undefined;
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said.stderr += text));
  running.add(child);
  const ended = new Promise<Ended>((resolve) => {
    const settle = (exitCode: number | null, signal: NodeJS.Signals | null): void => {
      running.delete(child);
      end = { exitCode, signal };
      resolve(end);
    };
    child.once("close", settle);
    child.once("error", (error) => {
      said.stderr += error.message;
      settle(null, null);
    });
  });

  const ready = async <T>(what: string, holds: () => T | Promise<T>): Promise<Exclude<T, undefined | false>> =>
    until(
      `${command[0]} ${what}`,
      async () => {
        if (end !== undefined)
          throw new Error(`«${command.join(" ")}» ended (${end.exitCode ?? end.signal}) before it ${what}: ${said.stdout}${said.stderr}`);
        return holds();
      },
      place.waitMs,
    ).catch((error: unknown) => {
      child.kill("SIGKILL");
      throw error;
    });

  const stop = async (signal: NodeJS.Signals = "SIGTERM"): Promise<Ended> => {
    if (end !== undefined) return end;
    child.kill(signal);
    const giveUp = setTimeout(() => child.kill("SIGKILL"), place.waitMs);
    const result = await ended;
    clearTimeout(giveUp);
    return result;
  };

  return { pid: child.pid, stdout: () => said.stdout, stderr: () => said.stderr, ready, ended, stop };
}
