import { type Language, readWords } from "@wherefrom/diagnosis";
import { type Block, type Document, jsonListingOf, type Line } from "./document.ts";
import { type Phrase, phrasesIn, plainIn } from "./phrase.ts";
import type { FitMessageKey } from "./words/fit-en.ts";

/** What speaks against a policy: a kind that there is a message for, and the share of requests. */
type Finding = {
  readonly kind: string;
  readonly share: number;
  readonly reasons?: Readonly<Record<string, number>>;
  /** Of several entrances the one that it is about. */
  readonly algorithm?: string;
};

/** Whether a policy fits, as control's API answers. */
export type FitReport = {
  readonly name: string;
  readonly revisionId: string;
  readonly verdict: "FITS" | "MISFITS" | "UNKNOWN";
  readonly requests: number;
  readonly fallbacks: Readonly<Record<string, number>>;
  readonly rejections: Readonly<Record<string, number>>;
  readonly privateResults: number;
  readonly providerResults: number;
  readonly topAddressRequests: number;
  readonly hopsHeader: string;
  readonly hops: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
  readonly causes: readonly string[];
  readonly undecided: boolean;
  readonly proposal?: object;
  readonly openMisfit?: { readonly since: string; readonly revisionId: string; readonly findings: readonly Finding[] };
};

/** Tells a person whether a policy fits its recent traffic, since when it does not, what may be behind it and what would fit. */
export function fitDocument(report: FitReport, language: Language): Document {
  const say = phrasesIn(language);
  const { name, verdict, revisionId } = report;
  const slots = { name: { kind: "given", text: name }, revision: { kind: "given", text: revisionId } } as const;
  return {
    title: plainIn(language)("fitTitle"),
    language,
    blocks: [
      { kind: "paragraph", text: say(`fitVerdict.${verdict}`, slots) },
      ...openBlocks(report, say),
      countsTable(report, say),
      ...findingBlocks(report, say),
      ...causeBlocks(report, { say, language }),
      ...proposalBlocks(report, say),
    ],
  };
}

function openBlocks({ verdict, openMisfit }: FitReport, say: Phrase): readonly Block[] {
  if (openMisfit === undefined) return [];
  const { since, revisionId, findings } = openMisfit;
  const slots = {
    since: `${since.slice(0, 19).replace("T", " ")} UTC`,
    revision: { kind: "given", text: revisionId },
    findings: findings.map(({ kind, share }) => `${kind} ${percent(share)}`).join(", "),
  } as const;
  return [{ kind: "paragraph", text: say(verdict === "MISFITS" ? "fitOpen" : "fitStillOpen", slots) }];
}

function countsTable(report: FitReport, say: Phrase): Block {
  const { requests } = report;
  const given = (text: string) => ({ kind: "given", text }) as const;
  const header = given(report.hopsHeader);
  const counts: readonly (readonly [Line, number])[] = [
    [say("fitRequests"), requests],
    ...Object.entries(report.fallbacks).map(([reason, count]) => [say("fitFallback", { reason: given(reason) }), count] as const),
    ...Object.entries(report.rejections).map(([reason, count]) => [say("fitRejected", { reason: given(reason) }), count] as const),
    [say("fitPrivate"), report.privateResults],
    [say("fitProvider"), report.providerResults],
    [say("fitTopAddress"), report.topAddressRequests],
    ...Object.entries(report.hops).map(([hops, count]) => [say("fitHops", { header, hops: given(hops) }), count] as const),
  ];
  const rows = counts.map(([what, count]) => [what, [String(count)], [requests === 0 ? "-" : percent(count / requests)]]);
  return { kind: "table", head: ["", say("fitCount").join(""), say("fitShare").join("")], rows };
}

function findingBlocks({ findings }: FitReport, say: Phrase): readonly Block[] {
  if (findings.length === 0) return [];
  // the closed set of the API is the set of messages: a kind that is none would be a newer control's
  const items = findings.map(({ kind, share, reasons = {}, algorithm }): Line => {
    const slots = { share: percent(share) };
    const parts = algorithm === undefined ? Object.entries(reasons).map(([reason, part]) => `${reason} ${percent(part)}`) : [algorithm];
    const why: Line = parts.length === 0 ? [] : [" (", { kind: "given", text: parts.join(", ") }, ")"];
    return [`${kind}: `, ...say(`fitFinding.${kind}` as FitMessageKey, slots), ...why];
  });
  return [
    { kind: "heading", text: say("fitFindings") },
    { kind: "list", items },
  ];
}

function causeBlocks(
  { name, causes, undecided }: FitReport,
  { say, language }: { readonly say: Phrase; readonly language: Language },
): readonly Block[] {
  if (causes.length === 0) return [];
  const words = readWords(language);
  const command = { kind: "given", text: `wherefrom env diagnose ${name} --language ${language}` } as const;
  return [
    { kind: "heading", text: say("fitCauses") },
    { kind: "list", items: causes.map((id): Line => [{ kind: "given", text: id }, ": ", words.causes[id]?.title ?? ""]) },
    { kind: "paragraph", text: [...(undecided ? [...say("fitUndecided"), " "] : []), ...say("fitNext", { command })] },
  ];
}

function proposalBlocks({ proposal }: FitReport, say: Phrase): readonly Block[] {
  if (proposal === undefined) return [];
  return [{ kind: "heading", text: say("fitProposal") }, jsonListingOf(proposal), { kind: "paragraph", text: say("fitConfirm") }];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
