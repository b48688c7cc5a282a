import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { runHosted } from "./hosted-command.ts";

/** The command line, for programs that start it otherwise. */
export const BIN = fileURLToPath(new URL("../bin/wherefrom.js", import.meta.url));

export type Finished = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

export type CommandOptions = { readonly env?: Readonly<Record<string, string>>; readonly stdin?: string };

/** A command that is running. */
export type RunningCommand = {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** What it has written until now. */
  written(): { stdout: string; stderr: string };
  /** Resolves when standard output or standard error matches. Fails when the command ends first. */
  says(pattern: RegExp): Promise<RegExpMatchArray>;
};

/** Starts the command line as a person would, without the WHEREFROM_* variables of whoever runs the tests. */
export function startCommand(args: readonly string[], { env = {}, stdin }: CommandOptions = {}): RunningCommand {
  const child = spawn(process.execPath, [BIN, ...args], { env: environmentOf(env) });
  const text = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text.stdout += part;
  });
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    text.stderr += part;
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(stdin ?? "");
  const finished = once(child, "close").then(([code]) => ({ code: code as number | null, ...text }));
  return { child, finished, written: () => ({ ...text }), says: (pattern) => waitFor(pattern, { child, text }) };
}

/** Runs a command to its end, in a process that runs one after another: most of the time of a command goes into loading its parts. */
export function runCommand(args: readonly string[], { env = {}, stdin = "" }: CommandOptions = {}): Promise<Finished> {
  return runHosted(args, { env: environmentOf(env), stdin });
}

/** What a process has written to standard error, without what it says of a busy machine. */
export function withoutLoad(stderr: string): string {
  return stderr.replace(/^.*\[(OVERLOADED|OVERLOAD_OVER|EVENT_LOOP_LATE)\]\n/gm, "");
}

function environmentOf(env: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("WHEREFROM_"));
  return { ...Object.fromEntries(inherited), ...env };
}

function waitFor(
  pattern: RegExp,
  { child, text }: { child: ChildProcess; text: { stdout: string; stderr: string } },
): Promise<RegExpMatchArray> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const match = text.stdout.match(pattern) ?? text.stderr.match(pattern);
      if (match !== null) resolve(match);
    };
    child.stdout?.on("data", look);
    child.stderr?.on("data", look);
    child.on("close", () => reject(new Error(`Ended without ${pattern}: ${text.stdout}${text.stderr}`)));
    look();
  });
}
