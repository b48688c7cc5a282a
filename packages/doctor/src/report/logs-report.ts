import type { Advice, Diagnosis, Language } from "@wherefrom/diagnosis";
import type { ChosenFormat } from "../access-log/format/choose-format.ts";
import { type LogFinding, localShare, peersIn, topShare } from "../access-log/judge/log-finding.ts";
import { judgedIn, type LogSummary, type Outcome, type Part, share } from "../access-log/judge/log-summary.ts";
import type { LogPolicy, LogProposal } from "../access-log/judge/propose-log-policy.ts";
import { LOG_LIMITS } from "../access-log/limits.ts";
import { diagnosisBlocks } from "./diagnosis-report.ts";
import { type Block, type Document, jsonListingOf, type Line } from "./document.ts";
import { type Phrase, phrasesIn, plainIn } from "./phrase.ts";

/** One log that was read, by the name that it goes by. */
export type ReadLog = {
  readonly name: string;
  readonly chosen: Pick<ChosenFormat, "lines" | "fits" | "alsoFits"> & { readonly name: string };
};

export type LogsReport = {
  readonly logs: readonly ReadLog[];
  /** Whether it was stopped before the end. */
  readonly isPartial: boolean;
  readonly isPolicyGiven: boolean;
  readonly chainHeader: string;
  readonly summary: LogSummary;
  readonly findings: readonly LogFinding[];
  readonly proposal: LogPolicy;
  readonly diagnosis: Diagnosis;
  readonly advice: Advice;
};

type Telling = { readonly say: Phrase; readonly plain: ReturnType<typeof plainIn>; readonly language: Language };

/** Tells what access logs say: how they were read, what stands out, what each policy makes of them, which would fit, and why something is wrong. */
export function logsDocument(report: LogsReport, language: Language): Document {
  const telling: Telling = { say: phrasesIn(language), plain: plainIn(language), language };
  const { summary, isPartial, isPolicyGiven } = report;
  const judged = judgedIn(summary.whole, isPolicyGiven);
  return {
    title: telling.plain("logsTitle"),
    language,
    blocks: [
      ...(isPartial ? [{ kind: "paragraph", text: telling.say("logsPartial") } as const] : []),
      ...countBlocks(report, telling),
      ...findingBlocks(report.findings, telling),
      ...policyBlocks(summary, telling),
      ...partBlocks(summary, { isPolicyGiven, telling }),
      ...countsTable(telling.say("logsReasons"), { counts: Object.entries(judged.reasons), of: judged.lines, telling }),
      ...hopBlocks(summary.whole, { header: report.chainHeader, telling }),
      ...addressBlocks(telling.plain("logsAddresses"), judged, telling),
      ...addressBlocks(telling.plain("logsPeers"), peersIn(summary.whole), telling),
      ...proposalBlocks(report.proposal, telling),
      ...(report.findings.every(({ kind }) => kind === "malformed" || kind === "cut-off")
        ? [{ kind: "paragraph", text: telling.say("logsNoFault") } as const]
        : diagnosisBlocks(report, language)),
      ...sampleBlocks(report, telling),
    ],
  };
}

function countBlocks({ logs, summary }: LogsReport, { say, plain }: Telling): readonly Block[] {
  const { lines, malformed, tooLong, outside, websockets, from, to } = summary;
  const slots = {
    lines: grouped(lines),
    malformed: grouped(malformed + tooLong),
    outside: grouped(outside),
    webSockets: grouped(websockets),
  };
  const rows = logs.map(({ name, chosen }): readonly Line[] => [
    [{ kind: "name", text: name }],
    [chosen.name],
    [`${chosen.fits}/${chosen.lines}`],
    [chosen.alsoFits.join(", ")],
  ]);
  return [
    { kind: "table", head: [plain("logsFile"), plain("logsFormat"), plain("logsFits"), plain("logsAlsoFits")], rows },
    { kind: "paragraph", text: say("logsCounts", slots) },
    ...(from === undefined || to === undefined ? [] : [{ kind: "paragraph", text: say("logsPeriod", { from, to }) } as const]),
  ];
}

function findingBlocks(findings: readonly LogFinding[], { say, plain }: Telling): readonly Block[] {
  if (findings.length === 0) return [];
  return [
    { kind: "heading", text: [plain("logsFindings")] },
    { kind: "list", items: findings.map((finding) => say(`logsFinding.${finding.kind}`, { share: percent(finding.share) })) },
  ];
}

function policyBlocks({ whole }: LogSummary, telling: Telling): readonly Block[] {
  const { plain } = telling;
  const outcomes = [...(whole.recorded === undefined ? [] : [whole.recorded]), ...whole.outcomes];
  const error = Math.max(...outcomes.map(({ distinctError }) => distinctError));
  const head = (
    ["logsPolicy", "logsResolved", "logsFallback", "logsRejected", "logsVerified", "logsLocal", "logsDistinct", "logsTopShare"] as const
  ).map(plain);
  return [
    { kind: "heading", text: [plain("logsPolicies")] },
    { kind: "table", head, rows: outcomes.map((outcome) => [subjectName(outcome.id, telling), ...outcomeCells(outcome)]) },
    ...(error === 0 ? [] : [{ kind: "paragraph", text: telling.say("logsDistinctError", { share: percent(error) }) } as const]),
  ];
}

function outcomeCells(outcome: Outcome): readonly Line[] {
  const { outcomes, verified, lines } = outcome;
  const shares = [outcomes["resolved"], outcomes["fallback"], outcomes["rejected"], verified].map((count) => percent(share(count, lines)));
  return [...shares, percent(localShare(outcome)), distinctIn(outcome), percent(topShare(outcome))].map((cell) => [cell]);
}

/** A number of different addresses, marked where it is an estimate. */
function distinctIn({ distinct, distinctError }: Pick<Outcome, "distinct" | "distinctError">): string {
  return distinctError === 0 ? grouped(distinct) : `≈ ${grouped(distinct)}`;
}

function subjectName(id: string, { say, plain }: Telling): Line {
  const index = /^index (-?\d+)$/.exec(id)?.[1];
  if (index !== undefined) return say("logsSubjectIndex", { index });
  if (id === "policy" || id === "log" || id === "peer") return [plain(`logsSubject.${id}`)];
  return [plain("logsSubjectWalk")];
}

/** Parts that are set side by side, where there are several. */
function partBlocks(
  { before, after, http, webSocket }: LogSummary,
  { isPolicyGiven, telling: { plain } }: { readonly isPolicyGiven: boolean; readonly telling: Telling },
): readonly Block[] {
  const pairs = [
    [plain("logsBefore"), before],
    [plain("logsAfter"), after],
    ...(webSocket === undefined
      ? []
      : ([
          [plain("logsHttp"), http],
          [plain("logsWebSocket"), webSocket],
        ] as const)),
  ] as const;
  const rows = pairs.flatMap(([name, part]): (readonly Line[])[] => {
    if (part === undefined) return [];
    const judged = judgedIn(part, isPolicyGiven);
    return [[[name], [grouped(judged.lines)], ...outcomeCells(judged)]];
  });
  if (rows.length === 0) return [];
  const head = (
    [
      "logsPart",
      "logsLines",
      "logsResolved",
      "logsFallback",
      "logsRejected",
      "logsVerified",
      "logsLocal",
      "logsDistinct",
      "logsTopShare",
    ] as const
  ).map(plain);
  return [
    { kind: "heading", text: [plain("logsParts")] },
    { kind: "table", head, rows },
  ];
}

type CountsOptions = {
  readonly counts: readonly (readonly [name: string, count: number])[];
  readonly of: number;
  readonly telling: Telling;
};

function countsTable(heading: Line, { counts, of, telling: { plain } }: CountsOptions): readonly Block[] {
  if (counts.length === 0) return [];
  const rows = counts.map(([name, count]): readonly Line[] => [
    [{ kind: "given", text: name }],
    [grouped(count)],
    [percent(share(count, of))],
  ]);
  return [
    { kind: "heading", text: heading },
    { kind: "table", head: ["", plain("logsLines"), plain("logsShare")], rows },
  ];
}

function hopBlocks(
  { traffic: { hops, lines } }: Part,
  { header, telling }: { readonly header: string; readonly telling: Telling },
): readonly Block[] {
  const more = String(LOG_LIMITS.maxCountedHops);
  const counts = hops.flatMap((count, at): (readonly [string, number])[] => {
    if (count === 0) return [];
    return [[at === LOG_LIMITS.maxCountedHops ? telling.say("logsHopsMore", { count: more }).join("") : String(at), count]];
  });
  return countsTable(telling.say("logsHops", { header: { kind: "given", text: header } }), { counts, of: lines, telling });
}

function addressBlocks(heading: string, { top, topError, lines, families }: Outcome, { say, plain }: Telling): readonly Block[] {
  if (top.length === 0 && topError === 0) return [];
  const rows = top.map(({ text, count }): readonly Line[] => [
    [{ kind: "address", text }],
    [grouped(count)],
    [percent(share(count, lines))],
  ]);
  const slots = { four: percent(share(families["4"], lines)), six: percent(share(families["6"], lines)) };
  return [
    { kind: "heading", text: [heading] },
    // of very many none may have come often enough to be kept
    ...(rows.length === 0 ? [] : [{ kind: "table", head: [plain("logsAddress"), plain("logsLines"), plain("logsShare")], rows } as const]),
    {
      kind: "paragraph",
      text: [...say("logsFamilies", slots), ...(topError === 0 ? [] : [" ", ...say("logsTopError", { lines: grouped(topError) })])],
    },
  ];
}

function proposalBlocks(proposal: LogPolicy, { say, plain }: Telling): readonly Block[] {
  const heading: Block = { kind: "heading", text: [plain("policyHeading")] };
  if (proposal.kind === "none") return [heading, { kind: "paragraph", text: say(`noLogPolicy.${proposal.why}`) }];
  const evidence = (proposed: LogProposal): Line => {
    const { hops, resolved, lines, local } = proposed;
    const slots = {
      hops: String(hops),
      index: String(-hops),
      resolved: percent(share(resolved, lines)),
      distinct: distinctIn(proposed),
      local: percent(local),
    };
    return say(hops === 0 ? "logsFittingPeer" : "logsFitting", slots);
  };
  return [
    heading,
    ...proposal.proposals.flatMap((one): readonly Block[] => [
      jsonListingOf(one.policy),
      { kind: "paragraph", text: [...evidence(one), " ", ...say("logsConfirm")] },
    ]),
  ];
}

function sampleBlocks({ summary: { samples }, logs }: LogsReport, { say, plain }: Telling): readonly Block[] {
  if (samples.length === 0) return [];
  // a line that cannot be read may hold an address anywhere: all of it is hidden where names are
  const items = samples.map(({ file, offset, text }) =>
    say("logsSample", {
      file: { kind: "name", text: logs[file]?.name ?? "" },
      offset: String(offset),
      text: text === "" ? plain("logsTooLong") : { kind: "name", text },
    }),
  );
  return [
    { kind: "heading", text: [plain("logsSamples")] },
    { kind: "list", items },
  ];
}

function percent(part: number): string {
  return `${(part * 100).toFixed(part > 0 && part < 0.001 ? 3 : 1)} %`;
}

function grouped(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}
