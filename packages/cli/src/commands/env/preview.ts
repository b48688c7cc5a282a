import type { JsonChange } from "@wherefrom/model";
import { type Advisory, escapeText } from "wherefrom";
import { type Api, ApiRefusal } from "../../api/client.ts";
import { printFound } from "../../api/print.ts";
import { printChanges } from "../../api/print-changes.ts";
import { type ApiOptions, environmentOf, openTarget } from "../../api/target.ts";
import { exitCodes } from "../../errors.ts";
import { type EvidenceRequest, readEvidence } from "../../evidence-file.ts";
import { readPolicyJson } from "../../policy-text.ts";
import { addPreview, type NotJudgedReason, type Preview, type Transition } from "../../preview-sum.ts";
import { createProgress, type Progress } from "../../progress.ts";
import { printTable } from "../../table.ts";

type PreviewOptions = ApiOptions & {
  readonly policy: string;
  readonly evidence?: string;
  /** Milliseconds until now. */
  readonly recorded?: number;
  readonly samples: number;
};

type Previewed = Preview & {
  readonly changes: readonly JsonChange[];
  readonly advisories: { readonly added: readonly Advisory[]; readonly removed: readonly Advisory[]; readonly kept: readonly Advisory[] };
};

/** Previews a policy. Returns the exit code: whether anything changes, or whether that could not be judged. */
export async function previewEnvironment(argument: string | undefined, options: PreviewOptions): Promise<number> {
  const { api, environment } = openTarget(options);
  const name = environmentOf(argument, environment);
  const { evidence, recorded, samples: maxSamples } = options;
  const preview = await previewAll(api, { name, policy: readPolicyJson(options.policy), evidence, recorded, maxSamples });
  const isAsked = evidence !== undefined || recorded !== undefined;
  await printFound(options.json, { json: { environment: name, ...preview }, text: () => printPreview(name, preview, isAsked) });
  // whatever the policies say by themselves: a script that waits for 0 or 1 would take silence for an answer
  if (isAsked && !preview.judged) return exitCodes.couldNotRun;
  const isChanged = preview.transitions.length > 0 || preview.advisories.added.length > 0;
  return isChanged ? exitCodes.findings : exitCodes.ok;
}

type Previewing = {
  readonly name: string;
  readonly policy: unknown;
  readonly evidence: string | undefined;
  readonly recorded: number | undefined;
  readonly maxSamples: number;
};

/** What a preview is asked to look at. */
type Source =
  | { readonly evidence: readonly EvidenceRequest[] }
  | { readonly recorded: { readonly startTime: string; readonly endTime: string } };

type Ask = (source: Source) => Promise<Previewed>;

async function previewAll(api: Api, { name, policy, evidence, recorded, maxSamples }: Previewing): Promise<Previewed> {
  const ask: Ask = async (source) => {
    const body = { clientIpResolutionConfig: policy, ...source, maxSamples };
    return (await api.send("POST", `/environments/${encodeURIComponent(name)}:preview`, { body })).body as Previewed;
  };
  // asked at once, so that a policy that is refused is refused before a long file is read
  let sum = await ask({ evidence: [] });
  const progress = openProgress();
  for await (const { preview, ...done } of previewsOf(ask, { evidence, recorded })) {
    sum = addPreview(sum, preview, maxSamples);
    progress?.report({ lines: sum.requests, bytes: 0, ...done });
  }
  progress?.end();
  return sum;
}

/** A part of what was asked for. `bytes` of `totalBytes` stand for how far it has come. */
type Part = { readonly preview: Previewed; readonly bytes?: number; readonly totalBytes?: number };

async function* previewsOf(ask: Ask, { evidence, recorded }: Pick<Previewing, "evidence" | "recorded">): AsyncGenerator<Part> {
  if (recorded !== undefined) yield* previewRecorded(ask, { until: Date.now() + 1, lastMs: recorded });
  if (evidence === undefined) return;
  for await (const requests of readEvidence(evidence)) {
    if (requests.length > 0) yield { preview: await ask({ evidence: requests }) };
  }
}

/** Parts that recorded traffic is asked for in at first: each is a step of the progress. */
const PARTS = 20;

/** The earliest first; a part that is too much for one answer in halves. */
async function* previewRecorded(ask: Ask, { until, lastMs }: { readonly until: number; readonly lastMs: number }): AsyncGenerator<Part> {
  let from = until - lastMs;
  let step = Math.max(1, Math.ceil(lastMs / PARTS));
  while (from < until) {
    const end = Math.min(until, from + step);
    const preview = await askWithinMeans(ask, { from, end });
    if (preview === undefined) step = Math.ceil(step / 2);
    else {
      from = end;
      yield { preview, bytes: lastMs - (until - end), totalBytes: lastMs };
    }
  }
}

/** `undefined` when the time has too much traffic and can be made shorter. */
async function askWithinMeans(ask: Ask, { from, end }: { readonly from: number; readonly end: number }): Promise<Previewed | undefined> {
  try {
    return await ask({ recorded: { startTime: new Date(from).toISOString(), endTime: new Date(end).toISOString() } });
  } catch (error) {
    if (error instanceof ApiRefusal && error.reason === "PREVIEW_TOO_LARGE" && end - from > 1) return undefined;
    throw error;
  }
}

function openProgress(): Progress | undefined {
  if (!process.stderr.isTTY) return undefined;
  const write = (text: string): boolean => process.stderr.write(text);
  return createProgress({ write, now: () => performance.now(), totalBytes: undefined, counted: "requests" });
}

function printPreview(name: string, preview: Previewed, isAsked: boolean): string {
  const { requests, otherAddress, otherKey, trustGained, trustLost, verified, rejected, transitions, changes, advisories } = preview;
  const { withoutEvidence, actionChanges, actionsNotJudged } = preview;
  const counts = printTable([
    ["requests", String(requests)],
    ["with another address", shareOf(otherAddress, requests)],
    ["with another key", shareOf(otherKey, requests)],
    ["verified", `${verified.before} -> ${verified.after} (${trustGained} gained, ${trustLost} lost)`],
    ["without an address", `${rejected.before} -> ${rejected.after}`],
    ...(withoutEvidence === undefined ? [] : [["nothing kept of", String(withoutEvidence)]]),
  ]);
  const advice = [...adviceLines("new advice", advisories.added), ...adviceLines("advice that goes", advisories.removed)];
  return [
    counts,
    ...(isAsked ? notJudgedLines(preview) : []),
    changes.length === 0 ? "The policy is the one that stands" : printChanges(changes).join("\n"),
    ...transitions.map((transition) => printTransition(transition, { isRecorded: withoutEvidence !== undefined })),
    ...actionChanges.map(({ from, to, requests: count }) => `security action ${from ?? "none"} -> ${to ?? "none"}: ${count}`),
    ...(actionsNotJudged.length === 0
      ? []
      : [`not judged, as only gateways know where an address is from: ${actionsNotJudged.join(", ")}`]),
    ...(advice.length === 0 ? [] : [advice.join("\n")]),
    `To apply it: wherefrom env apply ${name} --policy … --preview '${preview.etag}'`,
  ].join("\n\n");
}

const NOT_JUDGED: Readonly<Record<NotJudgedReason, string>> = {
  NOTHING_RECORDED: "nothing was recorded in that time",
  ADDRESSES_TRUNCATED: "this environment keeps addresses TRUNCATED, and so nothing of who claimed to be their client",
  ADDRESSES_HASHED: "this environment keeps addresses HASHED, and so nothing of who claimed to be their client",
  EVIDENCE_NOT_KEPT: "nothing was kept of who claimed to be their client",
};

function notJudgedLines({ requests, judged, withoutEvidence = 0, notJudgedReason }: Previewed): readonly string[] {
  const why = notJudgedReason === undefined ? "there is no request in the evidence" : NOT_JUDGED[notJudgedReason];
  const wayOut = "Give --evidence, or record with addresses PLAIN for a time";
  if (!judged && withoutEvidence === 0) return [`NOTHING COULD BE JUDGED: ${why}`];
  if (!judged) return [`NOTHING COULD BE JUDGED, none of ${withoutEvidence} requests: ${why}. ${wayOut}`];
  return withoutEvidence === 0 ? [] : [`${withoutEvidence} of ${requests + withoutEvidence} requests could not be judged: ${why}`];
}

function shareOf(count: number, all: number): string {
  return all === 0 ? String(count) : `${count} (${((count / all) * 100).toFixed(1)} %)`;
}

function printTransition(
  { from, to, otherAddress, requests, samples }: Transition,
  { isRecorded }: { readonly isRecorded: boolean },
): string {
  const verdict = ({ outcome, trust, reason }: Transition["from"]) =>
    [outcome, trust, reason].filter((word) => word !== undefined).join(" ");
  const lines = samples.map(({ position, peer, from: before, to: after }) => [
    isRecorded ? " " : `  request ${position}`,
    `peer ${peer ?? "unknown"}`,
    `${before ?? "none"} -> ${after ?? "none"}`,
  ]);
  const heading = `${otherAddress ? "another address" : "the same address"}, ${verdict(from)} -> ${verdict(to)}: ${requests}`;
  return lines.length === 0 ? heading : `${heading}\n${printTable(lines)}`;
}

function adviceLines(title: string, advisories: readonly Advisory[]): readonly string[] {
  return advisories.map(({ severity, code, summary }) => `${title}: ${severity} ${code} ${escapeText(summary)}`);
}
