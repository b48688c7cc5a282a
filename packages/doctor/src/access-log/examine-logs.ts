import type { FactValue } from "@wherefrom/diagnosis";
import type { Providers } from "wherefrom";
import type { LogsReport } from "../report/logs-report.ts";
import { LogError } from "./errors.ts";
import type { ChosenFormat } from "./format/choose-format.ts";
import type { FieldMapping } from "./format/json-fields.ts";
import { hasTime } from "./format/log-format.ts";
import { factsOfLog } from "./judge/log-facts.ts";
import { judgeLog } from "./judge/log-finding.ts";
import { summarize } from "./judge/log-summary.ts";
import { proposeLogPolicy } from "./judge/propose-log-policy.ts";
import { chainHeaderOf, subjectsFor } from "./judge/subjects.ts";
import { openLogs } from "./scan/open-logs.ts";
import { readable } from "./scan/readable.ts";
import { runScan } from "./scan/run-scan.ts";
import { headersOf, type ScanPlan } from "./scan/scan-plan.ts";
import { scanStream, untilAborted } from "./scan/scan-stream.ts";
import type { LogTally } from "./tally/log-tally.ts";

export type ExamineLogsOptions = {
  /** Files, plain or gzipped; or one stream. */
  readonly source:
    | { readonly kind: "files"; readonly paths: readonly string[] }
    | { readonly kind: "stream"; readonly name: string; readonly bytes: AsyncIterable<Buffer> };
  /** A format's name or a format string; without it each file's own lines tell. */
  readonly format?: string;
  readonly mappings: readonly FieldMapping[];
  /** The policy that is asked about; without it, the peer. */
  readonly policy?: Readonly<Record<string, unknown>>;
  readonly providers: Providers;
  readonly trusted: readonly string[];
  readonly depth: number;
  readonly since?: number;
  readonly until?: number;
  readonly split?: number;
  readonly workers: number;
  readonly signal: AbortSignal;
  /** Told how far it is, in bytes of the input; `totalBytes` where the size of the input is known. */
  readonly onProgress: (done: { readonly bytes: number; readonly lines: number; readonly totalBytes: number | undefined }) => void;
};

/** What access logs say: the report but for what a diagnosis makes of it. */
export type LogsExamination = Omit<LogsReport, "diagnosis" | "advice"> & {
  /** For a diagnosis, by the names of signals. */
  readonly facts: Readonly<Record<string, FactValue>>;
};

/**
 * Reads access logs, resolves each line by a policy and by others, and says what stands out. Memory does not grow with the logs. It ends early, with what there is, when `signal` says so.
 *
 * Errors: `LogError`.
 */
export async function examineLogs(options: ExamineLogsOptions): Promise<LogsExamination> {
  const policy = options.policy ?? { peerAddressAlgorithm: {} };
  const policyHeaders = headersOf([{ policy }]);
  const { source, mappings, signal } = options;
  const formats = { mappings, policyHeaders, ...(options.format !== undefined && { format: options.format }) };
  if (source.kind === "stream") {
    let plan: ScanPlan | undefined;
    const watch = {
      isStopped: () => signal.aborted,
      onProgress: (done: Progress) => options.onProgress({ ...done, totalBytes: undefined }),
    };
    const planFor = (chosen: ChosenFormat): ScanPlan => {
      plan = planOf([chosen], { policy, policyHeaders, options });
      return plan;
    };
    const { chosen, tally } = await readable(source.name, () =>
      scanStream(untilAborted(source.bytes, signal), { name: source.name, formats, planFor, watch }),
    );
    if (plan === undefined) throw new Error("A stream is scanned by a plan");
    return examined(tally, { logs: [{ name: source.name, chosen }], plan, options });
  }
  const opened = await openLogs(source.paths, formats);
  const totalBytes = opened.reduce((sum, { bytes }) => sum + bytes, 0);
  const plan = planOf(
    opened.map(({ chosen }) => chosen),
    { policy, policyHeaders, options },
  );
  const tally = await runScan({
    plan,
    units: opened.flatMap(({ units }) => units),
    workers: Math.min(options.workers, Math.max(1, Math.floor(totalBytes / BYTES_A_WORKER))),
    signal,
    onProgress: (done) => options.onProgress({ ...done, totalBytes }),
  });
  return examined(tally, { logs: opened.map(({ path, chosen }) => ({ name: path, chosen })), plan, options });
}

type Progress = { readonly bytes: number; readonly lines: number };

/** One more thread is started for each so many: it has to load, warm up and resolve for itself what another has resolved, which takes as long as to read this. */
const BYTES_A_WORKER = 33_554_432;

type Asked = {
  readonly policy: Readonly<Record<string, unknown>>;
  readonly policyHeaders: ReadonlySet<string>;
  readonly options: ExamineLogsOptions;
};

function planOf(logs: readonly ChosenFormat[], { policy, policyHeaders, options }: Asked): ScanPlan {
  const timeless = logs.map(({ format }) => format).find((format) => !hasTime(format));
  if (timeless !== undefined && (options.since ?? options.until ?? options.split) !== undefined) {
    throw new LogError(
      "LOGS_FORMAT_INVALID",
      `The format ${timeless.name} has no time that could be read: leave out --since, --until and --split`,
    );
  }
  const chainHeader = chainHeaderOf(loggedIn(logs), policyHeaders);
  const { providers, trusted, depth, since, until, split } = options;
  return {
    subjects: subjectsFor({ policy, chainHeader, trusted, depth }),
    providers,
    chainHeader,
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(split !== undefined && { split }),
  };
}

/** Headers that the logs are known to have, in lower case. */
function loggedIn(logs: readonly ChosenFormat[]): readonly string[] {
  return [...new Set(logs.flatMap(({ headers }) => headers))];
}

type Found = {
  readonly logs: readonly { readonly name: string; readonly chosen: ChosenFormat }[];
  readonly plan: ScanPlan;
  readonly options: ExamineLogsOptions;
};

function examined(tally: LogTally, { logs, plan, options }: Found): LogsExamination {
  const isPolicyGiven = options.policy !== undefined;
  const summary = summarize(tally, { subjects: plan.subjects, isSplit: plan.split !== undefined });
  // a member that no first line has may still come later
  const logged = [...new Set([...loggedIn(logs.map(({ chosen }) => chosen)), ...Object.keys(summary.whole.traffic.headers)])];
  return {
    logs: logs.map(({ name, chosen: { format, lines, fits, alsoFits } }) => ({
      name,
      chosen: { name: format.name, lines, fits, alsoFits },
    })),
    isPartial: options.signal.aborted,
    isPolicyGiven,
    chainHeader: plan.chainHeader,
    summary,
    findings: judgeLog(summary, isPolicyGiven),
    proposal: proposeLogPolicy(summary, { logged, chainHeader: plan.chainHeader, depth: options.depth }),
    facts: factsOfLog(summary, { logged, isPolicyGiven }),
  };
}
