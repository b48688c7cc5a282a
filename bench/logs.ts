import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { endPrograms, timeProgram } from "./logs/time-program.ts";
import { writeLog } from "./logs/write-log.ts";
import { medianOf } from "./median.ts";
import { type BenchOptions, pick } from "./options.ts";
import { OURS, type Row } from "./report.ts";
import { clearingUp } from "./traffic/interruption.ts";
import { runs, taskset } from "./traffic/machine.ts";
import { CannotRun } from "./traffic/session.ts";

const MB = 1_000_000;
const EFFORT = { rounds: 3, megabytes: 500, streamMegabytes: 2_000 };
const QUICK = { rounds: 1, megabytes: 4, streamMegabytes: 8 };

/** So many times the log is the large one, on which starting no longer counts. */
const LARGE_TIMES = 4;

/** Share of the log that the slowest is given: a rate does not depend on it. */
const SLOW_SHARE = 0.1;

const POLICY = JSON.stringify({ trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["10.0.0.0/8"] } });

/** What ours does for every case: each line resolved by this policy, and by all alternatives. */
const ours = (file: string, ...words: readonly string[]): readonly string[] => [
  process.execPath,
  fileURLToPath(new URL("../../packages/cli/bin/wherefrom.js", import.meta.url)),
  "doctor",
  "logs",
  file,
  "--policy",
  POLICY,
  "--json",
  ...words,
];

/** The same counts without an address being looked at: fields, who by position, hops, status. */
const AWK =
  '{ n = split($0, q, "\\""); split(q[1], a, " "); split(q[3], s, " "); h = split(q[n - 1], x, ", "); peer[a[1]]++; client[x[h - 1]]++; hops[h]++; status[s[1]]++ } END { for (p in peer) print p, peer[p]; for (c in client) k++; print k }';

type LogName = "typical" | "large" | "different" | "small";

/** One program in one case. `bytes` is what it is given, where that is not the size of its file. */
type Run = {
  readonly case: string;
  readonly subject: string;
  readonly file: LogName;
  readonly command: (file: string) => readonly string[];
  readonly whyNot?: string | undefined;
};

/**
 * How fast access logs are read: by all cores, also a log four times as large, and by one, beside awk, readline and goaccess; where every line has another client; and how much memory it takes, also of a stream that is much
 * larger. `rate` is megabytes a second as a clock has it, `cpu` a second of processor time, which other work on the machine changes less. The logs are in memory when they are read. `disk` is
 * the limit of who reads a log that is not: how fast it comes from the disk, past the cache; `reading` how fast Node takes it from the cache. Ours divided by them is the share of that limit.
 */
export async function measureLogs(options: BenchOptions): Promise<readonly Row[]> {
  if (process.platform !== "linux") throw new CannotRun("This benchmark cannot run here: it reads /proc/PID/status, which Linux has");
  const effort = { ...(options.quick ? QUICK : EFFORT), ...(options.rounds && { rounds: options.rounds }) };
  const folder = mkdtempSync(join(tmpdir(), "wherefrom-bench-"));
  const clearUp = (): void => {
    endPrograms();
    rmSync(folder, { recursive: true, force: true });
  };
  const run = (): Promise<readonly Row[]> => {
    return measureAll(filesIn(folder, effort.megabytes * MB), { options, effort });
  };
  try {
    return await clearingUp(clearUp, run);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Gives the path of a log, which is written when somebody first asks for it. */
function filesIn(folder: string, bytes: number): (name: LogName) => string {
  const written = new Set<LogName>();
  const write: Readonly<Record<LogName, (path: string) => void>> = {
    typical: (path) => writeLog({ path, bytes, clients: 100_000 }),
    large(path) {
      const typical = readFileSync(fileOf("typical"));
      for (let time = 0; time < LARGE_TIMES; time++) appendFileSync(path, typical);
    },
    different: (path) => writeLog({ path, bytes: bytes / 4, clients: 1e9 }),
    small: (path) => writeLog({ path, bytes: bytes * SLOW_SHARE, clients: 100_000 }),
  };
  const fileOf = (name: LogName): string => {
    const path = join(folder, `${name}.log`);
    if (!written.has(name)) write[name](path);
    written.add(name);
    return path;
  };
  return fileOf;
}

async function measureAll(
  fileOf: (name: LogName) => string,
  { options, effort }: { readonly options: BenchOptions; readonly effort: typeof EFFORT },
): Promise<readonly Row[]> {
  const cases = pick(
    [...new Set([...runsOf().map((run) => run.case), ...MEMORY_CASES])].map((name) => ({ name })),
    options.cases,
  ).map(({ name }) => name);
  const subjects = pick(
    [...new Set(runsOf().map((run) => run.subject))].map((name) => ({ name })),
    options.only,
  ).map(({ name }) => name);
  const wanted = runsOf().filter((run) => cases.includes(run.case) && subjects.includes(run.subject));
  for (const { subject, whyNot } of wanted) if (whyNot !== undefined) process.stderr.write(`Left out: ${subject}: ${whyNot}\n`);
  const here = wanted.filter(({ whyNot }) => whyNot === undefined);
  const found = new Map<string, { readonly row: Omit<Row, "value">; readonly values: number[] }>();
  const note = (row: Omit<Row, "value">, value: number): void => {
    const key = `${row.case}\n${row.subject}`;
    const known = found.get(key) ?? { row, values: [] };
    known.values.push(value);
    found.set(key, known);
  };
  for (let round = 0; round < effort.rounds; round++) {
    for (const { case: name, subject, file, command } of here) {
      const path = fileOf(file);
      const { seconds, cpuSeconds, peakBytes } = await timeProgram(command(path));
      const megabytes = statSync(path).size / MB;
      note({ case: name, subject, unit: "MB/s" }, megabytes / seconds);
      // who waits for a disk uses no processor
      if (subject !== "disk") note({ case: name.replace("rate", "cpu"), subject, unit: "MB/CPU s" }, megabytes / cpuSeconds);
      if (subject === OURS && cases.includes("memory file") && name === "rate all-cores")
        note({ case: "memory file", subject, unit: "MB" }, peakBytes / MB);
    }
  }
  if (cases.includes("memory stream")) {
    const fed = { path: fileOf("typical"), bytes: effort.streamMegabytes * MB };
    note({ case: "memory stream", subject: OURS, unit: "MB" }, (await timeProgram(ours("-"), fed)).peakBytes / MB);
  }
  return [...found.values()].map(({ row, values }) => ({ ...row, value: medianOf(values) }));
}

const MEMORY_CASES = ["memory file", "memory stream"];

function runsOf(): readonly Run[] {
  const oneCore = (command: readonly string[]): readonly string[] => [...taskset("proxy"), ...command];
  const lacks = (program: string, word: string): string | undefined => (runs(program, word) ? undefined : `no ${program} on this machine`);
  const awk = (program: string, word: string): Run => ({
    case: "rate one-core",
    subject: program,
    file: "typical",
    command: (file) => oneCore([program, AWK, file]),
    whyNot: lacks(program, word),
  });
  return [
    { case: "rate all-cores", subject: OURS, file: "typical", command: (file) => ours(file) },
    ...limits("rate all-cores", { file: "typical", on: (command) => command }),
    { case: "rate large-all-cores", subject: OURS, file: "large", command: (file) => ours(file) },
    ...limits("rate large-all-cores", { file: "large", on: (command) => command }),
    { case: "rate one-core", subject: OURS, file: "typical", command: (file) => oneCore(ours(file, "--workers", "1")) },
    ...limits("rate one-core", { file: "typical", on: oneCore }),
    awk("mawk", "-Wversion"),
    awk("gawk", "--version"),
    {
      case: "rate one-core",
      subject: "readline",
      file: "typical",
      command: (file) => oneCore([process.execPath, fileURLToPath(new URL("./logs/readline.js", import.meta.url)), file]),
    },
    {
      case: "rate one-core",
      subject: "goaccess",
      file: "small",
      command: (file) => oneCore(goaccess(file)),
      whyNot: lacks("goaccess", "--version"),
    },
    { case: "rate every-line-another", subject: OURS, file: "different", command: (file) => ours(file) },
  ];
}

type Limited = { readonly file: LogName; readonly on: (command: readonly string[]) => readonly string[] };

/** What no program that reads a log can be faster than. */
function limits(name: string, { file, on }: Limited): readonly Run[] {
  const reader = fileURLToPath(new URL("./logs/read-only.js", import.meta.url));
  return [
    { case: name, subject: "disk", file, command: (path) => on(["dd", `if=${path}`, "of=/dev/null", "bs=1M", "iflag=direct"]) },
    { case: name, subject: "reading", file, command: (path) => on([process.execPath, reader, path]) },
  ];
}

/** It does more: visitors, pages, systems. */
function goaccess(file: string): readonly string[] {
  const formats = ["--log-format", '%h %^[%d:%t %^] "%r" %s %b "%R" "%u" "%^"', "--date-format", "%d/%b/%Y", "--time-format", "%H:%M:%S"];
  return ["goaccess", file, "--no-global-config", ...formats, "-o", `${file}.json`, "--no-progress"];
}
