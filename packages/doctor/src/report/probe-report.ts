import type { Advice, Diagnosis, Language } from "@wherefrom/diagnosis";
import type { LearnedPath } from "../path/learned-path.ts";
import type { Leg } from "../path/leg.ts";
import type { PolicyProposal } from "../path/propose-policy.ts";
import { isFaulty, type ProbeFinding } from "../probe/probe-finding.ts";
import type { LearnedSignature } from "../signature/ask-signature.ts";
import type { Signature } from "../signature/signature.ts";
import { diagnosisBlocks } from "./diagnosis-report.ts";
import { type Block, type Document, jsonListingOf, type Line } from "./document.ts";
import { drawPath } from "./path-drawing.ts";
import { type Phrase, phrasesIn, plainIn } from "./phrase.ts";
import { unseenBlocks } from "./unseen-blocks.ts";

type Telling = { readonly say: Phrase; readonly plain: ReturnType<typeof plainIn> };

export type ProbeReport = { readonly finding: ProbeFinding; readonly diagnosis: Diagnosis; readonly advice: Advice };

/** Tells what a probe found: the path hop by hop, what can be forged, the policy to set, and, when something is wrong, why. */
export function probeDocument({ finding, diagnosis, advice }: ProbeReport, language: Language): Document {
  const telling: Telling = { say: phrasesIn(language), plain: plainIn(language) };
  const { path, proposal } = finding;
  const blocks = [
    { kind: "paragraph", text: telling.say("probeCounts", countsOf(path)) } as const,
    ...unseenBlocks(path.unseen, telling),
    ...path.legs.flatMap((leg) => legBlocks(leg, { finding, telling })),
    ...forgeryBlocks(path, telling),
    ...signatureBlocks(finding.signature, telling),
    ...policyBlocks(proposal, telling),
    ...(isFaulty(finding)
      ? causeBlocks({ finding, diagnosis, advice }, language)
      : [{ kind: "paragraph", text: telling.say(noFaultIn(finding)) } as const]),
  ];
  return { title: telling.plain("probeTitle"), language, blocks };
}

/** That nothing is wrong, as far as it can be said. */
function noFaultIn({ path, proposal }: ProbeFinding): "probeNoFault" | "probeNoFaultUnproven" | "probeNoFaultInSeen" {
  if (proposal.kind === "proposed" && !proposal.proposals.every(({ isProven }) => isProven)) return "probeNoFaultUnproven";
  return path.unseen.length > 0 ? "probeNoFaultInSeen" : "probeNoFault";
}

/** Without a single fact there is nothing to rank causes by: the requests that were not seen say what to look at. */
function causeBlocks({ finding, diagnosis, advice }: ProbeReport, language: Language): readonly Block[] {
  return Object.keys(finding.facts).length === 0 ? [] : diagnosisBlocks({ diagnosis, advice }, language);
}

function countsOf({ counts }: LearnedPath): Readonly<Record<string, string>> {
  return { sent: String(counts.sent), observed: String(counts.observed), answered: String(counts.answered), failed: String(counts.failed) };
}

/** A leg that does what one before it did is told in one line. */
function legBlocks(leg: Leg, { finding, telling: { say, plain } }: { finding: ProbeFinding; telling: Telling }): readonly Block[] {
  const { path, dialedFrom } = finding;
  const heading: Block = { kind: "heading", text: [`${leg.transport === "http" ? "HTTP" : "WebSocket"}, IPv${leg.family}`] };
  const same = path.legs.slice(0, path.legs.indexOf(leg)).find((earlier) => earlier.family === leg.family && isAlike(earlier, leg));
  if (same !== undefined)
    return [
      heading,
      { kind: "paragraph", text: say("legAlike", { leg: `${same.transport === "http" ? "HTTP" : "WebSocket"}, IPv${same.family}` }) },
    ];
  const rows: readonly (readonly Line[])[] = [
    ["X-Forwarded-For", leg.chain === undefined ? plain("legContradicts") : plain(`fate.${leg.chain.fate}`)],
    ...(leg.lines === undefined ? [] : [[plain("legTwoLines"), plain(`lines.${leg.lines}`)]]),
    ...(leg.hopByHop === undefined ? [] : [["Connection: x-forwarded-for", plain(`hopByHop.${leg.hopByHop}`)]]),
    ...(leg.alias === undefined ? [] : [["X_Forwarded_For", plain(`alias.${leg.alias}`)]]),
    ...leg.singles.map(({ name, fate }) => [name, plain(`single.${fate}`)]),
  ].map((cells) => cells.map((cell) => [cell]));
  return [
    heading,
    drawPath(leg, { path, ...(dialedFrom && { dialedFrom }), say }),
    ...roundTripBlocks(leg, { say }),
    ...(leg.isCached ? [{ kind: "paragraph", text: say("legCached") } as const] : []),
    { kind: "table", head: [plain("legClaim"), plain("legArrives")], rows },
  ];
}

function isAlike(leg: Leg, other: Leg): boolean {
  const read = ({ chain, lines, alias, singles, plainChain, plain }: Leg): string =>
    JSON.stringify([chain, lines, alias, singles, plainChain, plain.peer.address]);
  return read(leg) === read(other);
}

function roundTripBlocks({ roundTrip }: Leg, { say }: { say: Phrase }): readonly Block[] {
  if (roundTrip === undefined) return [];
  const slots = { application: roundTrip.applicationMs.toFixed(1), tcp: roundTrip.tcpMs.toFixed(1) };
  return [{ kind: "paragraph", text: say("legRoundTrip", slots) }];
}

/** What a client can write that arrives as if the path had written it. */
function forgeryBlocks({ legs }: LearnedPath, { say }: Telling): readonly Block[] {
  const passed = new Set(legs.flatMap(({ singles }) => singles.filter(({ fate }) => fate === "passed").map(({ name }) => name)));
  if (legs.some(({ chain }) => chain?.fate === "only-canary")) passed.add("X-Forwarded-For");
  if (legs.some(({ alias }) => alias === "merged" || alias === "forwarded")) passed.add("X_Forwarded_For");
  const isKept = legs.some(({ chain }) => chain?.fate === "kept-left");
  const lines = [
    ...(passed.size > 0 ? [say("forgeable", { names: [...passed].join(", ") })] : []),
    ...(isKept ? [say("forgeableLeft")] : []),
  ];
  return lines.length === 0 ? [] : [{ kind: "list", items: lines }];
}

/** What the path does with odd requests, and which product does the same. */
function signatureBlocks(learned: LearnedSignature | undefined, { say, plain }: Telling): readonly Block[] {
  if (learned === undefined) return [];
  const names = learned.matches.map(({ name, version, agrees, of }) => `${name} (${version}; ${agrees}/${of})`).join(", ");
  const columns = Object.entries(learned.signature) as [keyof Signature, string][];
  const rows = columns.map(([column, value]): readonly Line[] => [[plain(`signature.${column}`)], [{ kind: "code", text: value }]]);
  return [
    { kind: "heading", text: [plain("signatureHeading")] },
    { kind: "paragraph", text: names === "" ? say("signatureNone") : say("signatureLike", { names }) },
    { kind: "table", head: [plain("legClaim"), plain("legArrives")], rows },
  ];
}

function policyBlocks(proposal: PolicyProposal, { say, plain }: Telling): readonly Block[] {
  const heading: Block = { kind: "heading", text: [plain("policyHeading")] };
  if (proposal.kind === "none") return [heading, { kind: "paragraph", text: say(`noPolicy.${proposal.why}`) }];
  return [
    heading,
    ...proposal.proposals.flatMap(({ policy, isProven, isShared, trustsGateway, tried, forged }, index): Block[] => [
      ...(index === 0 ? [] : [{ kind: "paragraph", text: say("policyByProxies") } as const]),
      jsonListingOf(policy),
      {
        kind: "paragraph",
        text: [
          ...say("policyTried", { tried: String(tried), forged: String(forged) }),
          " ",
          ...say(isProven ? "policyProven" : isShared ? "policyShared" : "policyUnproven"),
        ],
      },
      ...(trustsGateway ? [{ kind: "paragraph", text: say("policyTrustsGateway") } as const] : []),
    ]),
  ];
}
