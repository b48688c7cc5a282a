import type { JsonChange } from "@wherefrom/model";
import { type Advisory, escapeText } from "wherefrom";
import type { Api } from "../../api/client.ts";
import { printFound } from "../../api/print.ts";
import { printChanges } from "../../api/print-changes.ts";
import { type ApiOptions, environmentOf, openTarget } from "../../api/target.ts";
import { exitCodes } from "../../errors.ts";
import { type EvidenceRequest, readEvidence } from "../../evidence-file.ts";
import { readPolicyJson } from "../../policy-text.ts";
import { addPreview, type Preview, type Transition } from "../../preview-sum.ts";
import { createProgress, type Progress } from "../../progress.ts";
import { printTable } from "../../table.ts";

type PreviewOptions = ApiOptions & { readonly policy: string; readonly evidence?: string; readonly samples: number };

type Previewed = Preview & {
  readonly changes: readonly JsonChange[];
  readonly advisories: { readonly added: readonly Advisory[]; readonly removed: readonly Advisory[]; readonly kept: readonly Advisory[] };
};

/** Previews a policy. Returns the exit code: whether anything changes. */
export async function previewEnvironment(argument: string | undefined, options: PreviewOptions): Promise<number> {
  const { api, environment } = openTarget(options);
  const name = environmentOf(argument, environment);
  const preview = await previewAll(api, {
    name,
    policy: readPolicyJson(options.policy),
    evidence: options.evidence,
    maxSamples: options.samples,
  });
  await printFound(options.json, { json: { environment: name, ...preview }, text: () => printPreview(name, preview) });
  const isChanged = preview.transitions.length > 0 || preview.advisories.added.length > 0;
  return isChanged ? exitCodes.findings : exitCodes.ok;
}

type Previewing = { readonly name: string; readonly policy: unknown; readonly evidence: string | undefined; readonly maxSamples: number };

async function previewAll(api: Api, { name, policy, evidence, maxSamples }: Previewing): Promise<Previewed> {
  const ask = async (requests: readonly EvidenceRequest[]): Promise<Previewed> => {
    const body = { clientIpResolutionConfig: policy, evidence: requests, maxSamples };
    return (await api.send("POST", `/environments/${encodeURIComponent(name)}:preview`, { body })).body as Previewed;
  };
  // asked at once, so that a policy that is refused is refused before a long file is read
  let sum = await ask([]);
  if (evidence === undefined) return sum;
  const progress = openProgress();
  for await (const requests of readEvidence(evidence)) {
    if (requests.length === 0) continue;
    sum = addPreview(sum, await ask(requests), maxSamples);
    progress?.report({ lines: sum.requests, bytes: 0 });
  }
  progress?.end();
  return sum;
}

function openProgress(): Progress | undefined {
  if (!process.stderr.isTTY) return undefined;
  return createProgress({ write: (text) => process.stderr.write(text), now: () => performance.now(), totalBytes: undefined });
}

function printPreview(name: string, preview: Previewed): string {
  const { requests, otherAddress, otherKey, trustGained, trustLost, verified, rejected, transitions, changes, advisories } = preview;
  const counts = printTable([
    ["requests", String(requests)],
    ["with another address", shareOf(otherAddress, requests)],
    ["with another key", shareOf(otherKey, requests)],
    ["verified", `${verified.before} -> ${verified.after} (${trustGained} gained, ${trustLost} lost)`],
    ["without an address", `${rejected.before} -> ${rejected.after}`],
  ]);
  const advice = [...adviceLines("new advice", advisories.added), ...adviceLines("advice that goes", advisories.removed)];
  return [
    counts,
    changes.length === 0 ? "The policy is the one that stands" : printChanges(changes).join("\n"),
    ...transitions.map(printTransition),
    ...(advice.length === 0 ? [] : [advice.join("\n")]),
    `To apply it: wherefrom env apply ${name} --policy … --preview '${preview.etag}'`,
  ].join("\n\n");
}

function shareOf(count: number, all: number): string {
  return all === 0 ? String(count) : `${count} (${((count / all) * 100).toFixed(1)} %)`;
}

function printTransition({ from, to, otherAddress, requests, samples }: Transition): string {
  const verdict = ({ outcome, trust, reason }: Transition["from"]) =>
    [outcome, trust, reason].filter((word) => word !== undefined).join(" ");
  const lines = samples.map(({ position, peer, from: before, to: after }) => [
    `  request ${position}`,
    `peer ${peer ?? "unknown"}`,
    `${before ?? "none"} -> ${after ?? "none"}`,
  ]);
  const heading = `${otherAddress ? "another address" : "the same address"}, ${verdict(from)} -> ${verdict(to)}: ${requests}`;
  return lines.length === 0 ? heading : `${heading}\n${printTable(lines)}`;
}

function adviceLines(title: string, advisories: readonly Advisory[]): readonly string[] {
  return advisories.map(({ severity, code, summary }) => `${title}: ${severity} ${code} ${escapeText(summary)}`);
}
