import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter } from "node:path";

/** Where a program runs: the proxy under measurement has a core of its own, what drives it and what answers it have the other. `any` is everywhere. */
export type Side = "proxy" | "traffic" | "any";

/** Folders where servers lie that not everybody has on PATH. */
const SERVER_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** PATH with the folders of servers behind it. */
export function searchPath(): string {
  return [process.env["PATH"] ?? "", ...SERVER_FOLDERS].join(delimiter);
}

/** Whether a program is there and runs. `word` makes it say its version and end. */
export function runs(program: string, word: string): boolean {
  const { error } = spawnSync(program, [word], { env: { ...process.env, PATH: searchPath() }, stdio: "ignore" });
  return error === undefined;
}

let cores: readonly number[] | undefined;

/** What to put before a command so that it runs on its side; nothing where there is one core only, or no `taskset`. */
export function taskset(side: Side): readonly string[] {
  if (side === "any") return [];
  cores ??= runs("taskset", "--version") ? allowedCores() : [];
  const core = side === "proxy" ? cores[0] : cores[1];
  return core === undefined || cores.length < 2 ? [] : ["taskset", "-c", String(core)];
}

/** From a list such as `0-3,8`. */
function allowedCores(): readonly number[] {
  const list = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "";
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
}

/** Why processor time cannot be read here; `undefined` when it can. */
export function whyNoCpuTime(): string | undefined {
  try {
    return readFileSync("/proc/self/schedstat", "utf8") === "" ? "the kernel keeps no schedstat" : undefined;
  } catch {
    return "it reads /proc/PID/schedstat, which Linux has";
  }
}

/** Processor time of a process, all its threads and all that came out of it, in seconds. nginx works in children. */
export function cpuSeconds(pid: number): number {
  const threads = familyOf(pid).flatMap((member) => readdirSync(`/proc/${member}/task`).map((thread) => `/proc/${member}/task/${thread}`));
  return threads.reduce((sum, thread) => sum + Number(readFileSync(`${thread}/schedstat`, "utf8").split(" ")[0]), 0) / 1e9;
}

/** Memory of a process and all that came out of it that is in use now, in bytes. */
export function residentBytes(pid: number): number {
  const kilobytes = familyOf(pid).map((member) => /^Rss:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${member}/smaps_rollup`, "utf8"))?.[1]);
  return kilobytes.reduce((sum, text) => sum + Number(text), 0) * 1_024;
}

function familyOf(pid: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) if (/^\d+$/.test(name)) parents.set(Number(name), parentOf(name));
  const family = [pid];
  // Children are appended while it runs, and so have their turn too.
  for (const member of family) for (const [child, parent] of parents) if (parent === member) family.push(child);
  return family;
}

/** 0 for a process that has ended meanwhile. The name in parentheses may hold anything. */
function parentOf(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return 0;
  }
}

/** A port of 127.0.0.1 that was free a moment ago, for servers that cannot take port 0. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("A TCP server has an address and a port");
  return address.port;
}
