import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Finished } from "./command.ts";

const HOST = fileURLToPath(new URL("command-host.mjs", import.meta.url));
/** What a host writes behind all that a command has written. No command writes a NUL. */
const END = "\0end of the command\0";

type Host = ChildProcessByStdio<null, Readable, Readable>;

/** Hosts that run nothing now. They end with this process, and do not keep it. */
const idle: Host[] = [];

/**
 * Runs a command in a process that other commands have run in before, one at a time. Exit code, standard output and standard error are those of the command alone, and it
 * has finished only when nothing is left that would keep a process of its own from ending. One that ends the process ends its host.
 */
export function runHosted(args: readonly string[], { env, stdin }: { env: NodeJS.ProcessEnv; stdin: string }): Promise<Finished> {
  const host = takeIdle() ?? openHost();
  const text = { stdout: "", stderr: "" };
  let code: number | undefined;
  return new Promise((resolve) => {
    const look = (): void => {
      if (code === undefined || !text.stdout.endsWith(END) || !text.stderr.endsWith(END)) return;
      leave();
      idle.push(host);
      resolve({ code, stdout: text.stdout.slice(0, -END.length), stderr: text.stderr.slice(0, -END.length) });
    };
    const onStdout = (part: string): void => {
      text.stdout += part;
      look();
    };
    const onStderr = (part: string): void => {
      text.stderr += part;
      look();
    };
    const onMessage = (message: unknown): void => {
      ({ code } = message as { code: number });
      look();
    };
    const onClose = (exitCode: number | null): void => {
      leave();
      resolve({ code: exitCode, ...text });
    };
    const leave = (): void => {
      host.stdout.off("data", onStdout);
      host.stderr.off("data", onStderr);
      host.off("message", onMessage).off("close", onClose);
    };
    host.stdout.on("data", onStdout);
    host.stderr.on("data", onStderr);
    host.on("message", onMessage).on("close", onClose);
    host.send({ args, env, stdin, end: END });
  });
}

function takeIdle(): Host | undefined {
  const host = idle.pop();
  return host === undefined || host.connected ? host : takeIdle();
}

function openHost(): Host {
  const host = spawn(process.execPath, [HOST], { stdio: ["ignore", "pipe", "pipe", "ipc"] }) as unknown as Host;
  host.stdout.setEncoding("utf8");
  host.stderr.setEncoding("utf8");
  host.unref();
  host.channel?.unref();
  return host;
}
