import { spawn } from "node:child_process";
import { commandAt, here, type Place } from "./place.ts";

/** What a command left behind. `exitCode` is `null` when a signal ended it. */
export type Ran = { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string };

export type RunOptions = {
  readonly place?: Place;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** After this the command is killed and `exitCode` is `null`: as long as the place gives it, unless told otherwise. */
  readonly timeoutMs?: number;
};

/** Runs a command to its end. A bad exit code is a result here, not an error; a program that cannot be started is one. */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { place = here } = options;
  const { program, args, env } = commandAt(place, command, options.env);
  const child = spawn(program, args, {
    stdio: ["pipe", "pipe", "pipe"],
    env,
    timeout: options.timeoutMs ?? place.waitMs,
    killSignal: "SIGKILL",
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  // A command may end without reading its input; that is its right.
  child.stdin.on("error", () => undefined).end(options.input ?? "");
  const exitCode = await new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  return { exitCode, stdout, stderr };
}

/** Runs a command that must succeed and gives its standard output. */
export async function runWell(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const ran = await run(command, options);
  if (ran.exitCode === 0) return ran.stdout;
  throw new Error(`«${command.join(" ")}» at ${(options.place ?? here).name} ended with ${ran.exitCode}: ${ran.stderr.trim()}`);
}
