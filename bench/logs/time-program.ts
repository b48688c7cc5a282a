import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { searchPath } from "../traffic/machine.ts";

/** What a run took: seconds, seconds of processor time by all its threads, and the most memory that it had in use at one time, in bytes. */
export type Timed = { readonly seconds: number; readonly cpuSeconds: number; readonly peakBytes: number };

/** Programs that run, to be ended when the benchmark is. */
const running = new Set<ChildProcess>();

export function endPrograms(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** A file that goes to a program's standard input, again and again until so many bytes are through. */
export type Fed = { readonly path: string; readonly bytes: number };

const POLL_MS = 20;

/** Runs a program to its end, and no other meanwhile. Errors: an `Error` with what it said, when it fails; exit code 1 is a finding of ours. */
export async function timeProgram([program = "", ...words]: readonly string[], fed?: Fed): Promise<Timed> {
  const started = performance.now();
  const cpuBefore = cpuOfChildren();
  const child = spawn(program, words, {
    stdio: [fed === undefined ? "ignore" : "pipe", "ignore", "pipe"],
    env: { ...process.env, PATH: searchPath() },
  });
  running.add(child);
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  let peakBytes = 0;
  const poll = setInterval(() => {
    peakBytes = Math.max(peakBytes, peakOf(child.pid ?? 0));
  }, POLL_MS);
  const ended = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  try {
    if (fed !== undefined) await feed(child, fed);
    const code = await ended;
    if (code !== 0 && code !== 1) throw new Error(`«${program} ${words.join(" ")}» ended with ${code}: ${said}`);
    return { seconds: (performance.now() - started) / 1_000, cpuSeconds: Math.max(TICK_SECONDS, cpuOfChildren() - cpuBefore), peakBytes };
  } finally {
    clearInterval(poll);
    running.delete(child);
  }
}

/** High-water mark of a process's resident memory; 0 when it has ended. Source: proc(5), VmHWM. */
function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1_024;
  } catch {
    return 0;
  }
}

/** What the kernel tells processor time in. */
const TICK_SECONDS = 0.01;

/** Seconds of processor time of all programs that this one has started and that have ended. Source: proc(5), cutime and cstime in /proc/PID/stat. */
function cpuOfChildren(): number {
  const stat = readFileSync("/proc/self/stat", "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) * TICK_SECONDS;
}

const CHUNK_BYTES = 1_048_576;

async function feed({ stdin }: ChildProcess, { path, bytes }: Fed): Promise<void> {
  if (stdin === null) return;
  let isGone = false;
  stdin.on("error", () => {
    isGone = true;
  });
  const fd = openSync(path, "r");
  try {
    let at = 0;
    for (let sent = 0; sent < bytes && !isGone; ) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const read = readSync(fd, chunk, 0, chunk.length, at);
      at = read === 0 ? 0 : at + read;
      sent += read;
      if (read > 0) await new Promise<void>((resolve) => stdin.write(chunk.subarray(0, read), () => resolve()));
    }
    stdin.end();
  } finally {
    closeSync(fd);
  }
}
