import { medianOf } from "../median.ts";
import { type BenchOptions, pick } from "../options.ts";
import { openScript, type ProxySubject, proxies } from "../proxies/proxy.ts";
import type { Row } from "../report.ts";
import { clearingUp } from "./interruption.ts";
import { whyNoCpuTime } from "./machine.ts";
import { Programs } from "./programs.ts";

/** One figure about one proxy. */
export type Sample = { readonly case: string; readonly value: number; readonly unit: string };

/** What a benchmark of proxies works with: those that this machine has, an origin behind them, and a place for what it finds out. */
export type Session = {
  readonly programs: Programs;
  readonly proxies: readonly ProxySubject[];
  readonly originPort: number;
  readonly note: (subject: Pick<ProxySubject, "name">, samples: readonly Sample[]) => void;
};

/** A benchmark that cannot run on this machine. */
export class CannotRun extends Error {
  override readonly name = "CannotRun";
}

/**
 * Runs a benchmark of proxies and gives the medians of what it noted. Proxies that the machine lacks are named on stderr and left out. Whatever happens,
 * Ctrl-C included, no process and no file stays behind.
 */
export async function inSession(
  carries: "http" | "websocket",
  { options, act }: { readonly options: BenchOptions; readonly act: (session: Session) => Promise<void> },
): Promise<readonly Row[]> {
  const obstacle = whyNoCpuTime();
  if (obstacle !== undefined) throw new CannotRun(`This benchmark cannot run here: ${obstacle}`);
  const wanted = pick(
    proxies.filter((proxy) => proxy.carries.includes(carries)),
    options.only,
  );
  const programs = new Programs();
  const run = async (): Promise<readonly Row[]> => {
    const { port: originPort } = await openScript(programs, { script: "../traffic/origin.js", side: "traffic" });
    const found = new Map<string, Row & { readonly values: number[] }>();
    await act({
      programs,
      originPort,
      proxies: wanted.filter(isHere),
      note: (proxy, samples) => {
        for (const sample of samples) noteIn(found, { proxy, sample });
      },
    });
    return [...found.values()].map(({ values, ...row }) => ({ ...row, value: medianOf(values) }));
  };
  try {
    return await clearingUp(() => programs.kill(), run);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${programs.complaints()}`, { cause: error });
  } finally {
    await programs.end();
  }
}

function isHere({ name, whyNot }: ProxySubject): boolean {
  const reason = whyNot();
  if (reason !== undefined) process.stderr.write(`Left out: ${name}: ${reason}\n`);
  return reason === undefined;
}

function noteIn(
  found: Map<string, Row & { readonly values: number[] }>,
  { proxy, sample }: { proxy: Pick<ProxySubject, "name">; sample: Sample },
): void {
  const key = `${sample.case}\n${proxy.name}`;
  const row = found.get(key);
  if (row !== undefined) row.values.push(sample.value);
  else found.set(key, { ...sample, subject: proxy.name, values: [sample.value] });
}
