import {
  type Advice,
  type AdvisedFix,
  type CauseAdvice,
  type Diagnosis,
  type FactValue,
  type Language,
  type RankedCause,
  readWords,
  type WeighedFact,
  type Words,
} from "@wherefrom/diagnosis";
import { type Block, type Document, type Line, listingOf } from "./document.ts";
import { fill, type Phrase, phrasesIn, plainIn } from "./phrase.ts";

/** Causes that are shown. The rest are far behind, and `--json` has them. */
const MAX_SHOWN = 5;

type Telling = { readonly say: Phrase; readonly words: Words };

/** A diagnosis and the advice that follows from it. */
type Found = { readonly diagnosis: Diagnosis; readonly advice: Advice };

type Beside = {
  /** Facts that control knew by itself, where it made the diagnosis. */
  readonly knownFacts?: Readonly<Record<string, FactValue>>;
  /** Whether the facts are of probes that found nothing wrong. */
  readonly isWithoutFault?: boolean;
};

/** Tells a diagnosis to a person. */
export function diagnosisDocument({ knownFacts, isWithoutFault, ...found }: Found & Beside, language: Language): Document {
  const known = knownFacts === undefined ? [] : knownBlocks(knownFacts, language);
  const faultless: readonly Block[] = isWithoutFault === true ? [{ kind: "paragraph", text: phrasesIn(language)("diagnosisNoFault") }] : [];
  return { title: plainIn(language)("diagnosisTitle"), language, blocks: [...faultless, ...diagnosisBlocks(found, language), ...known] };
}

function knownBlocks(facts: Readonly<Record<string, FactValue>>, language: Language): readonly Block[] {
  const words = readWords(language);
  const telling = { words, nothing: phrasesIn(language)("nothing") };
  const items = Object.entries(facts).map(([signal, value]) => labelOf({ signal, value }, telling));
  return [
    { kind: "heading", text: [plainIn(language)("knownToControl")] },
    items.length === 0 ? { kind: "paragraph", text: [plainIn(language)("nothing")] } : { kind: "list", items },
  ];
}

/** The same as a part of a longer report. */
export function diagnosisBlocks({ diagnosis, advice }: Found, language: Language): readonly Block[] {
  const telling: Telling = { say: phrasesIn(language), words: readWords(language) };
  const plain = plainIn(language);
  const head = [plain("cause"), plain("score"), plain("weight"), plain("evidence")];
  // beside causes with evidence, those without any are no news
  const known = diagnosis.causes.filter((cause) => cause.for.length + cause.against.length > 0);
  const shown = (known.length > 0 ? known : diagnosis.causes).slice(0, MAX_SHOWN);
  return [
    ...verdict(diagnosis, telling),
    ...warnings(advice, telling),
    { kind: "heading", text: telling.say("causesHeading") },
    { kind: "table", head, rows: shown.flatMap((cause) => causeRows(cause, telling)) },
    ...advice.causes.flatMap((cause) => adviceBlocks(cause, telling)),
  ];
}

function verdict({ causes, undecided, nextTest }: Diagnosis, { say, words }: Telling): readonly Block[] {
  const isEmpty = causes[0] === undefined || causes[0].for.length === 0;
  const state = say(isEmpty ? "nothingKnown" : undecided ? "undecided" : "decided");
  if (!undecided) return [{ kind: "paragraph", text: state }];
  const test = nextTest === null ? undefined : words.tests[nextTest];
  const next =
    nextTest === null || test === undefined ? say("noNextTest") : say("nextTest", { test: nextTest, title: test.title, do: test.do });
  return [
    { kind: "paragraph", text: state },
    { kind: "paragraph", text: next },
  ];
}

function warnings({ warnings: given, causes }: Advice, { say, words }: Telling): readonly Block[] {
  if (given.length === 0) return [];
  const test = causes.flatMap(({ fixes }) => fixes).find((fix) => fix.test !== undefined)?.test ?? "";
  const items = given.map((warning) => fill(words.warnings[warning] ?? warning, { test }));
  return [
    { kind: "heading", text: say("warningsHeading") },
    { kind: "list", items },
  ];
}

/** A row for each piece of evidence; the cause stands in the first. */
function causeRows(cause: RankedCause, { say, words }: Telling): readonly (readonly Line[])[] {
  const label = (fact: WeighedFact): Line => labelOf(fact, { words, nothing: say("nothing") });
  const evidence: readonly (readonly [string, Line])[] = [
    ...cause.for.map((fact) => [`+${fact.weight}`, label(fact)] as const),
    ...cause.against.map((fact) => [`-${fact.weight}`, label(fact)] as const),
  ];
  const shown = evidence.length === 0 ? [["", say("nothing")] as const] : evidence;
  return shown.map(([weight, text], index) => [[index === 0 ? cause.id : ""], [index === 0 ? cause.score.toFixed(1) : ""], [weight], text]);
}

function labelOf(
  { signal, value }: Omit<WeighedFact, "weight">,
  { words, nothing }: { readonly words: Words; readonly nothing: Line },
): Line {
  const text = Array.isArray(value) ? value.join(", ") : String(value);
  return [`${words.signals[signal] ?? signal} = `, ...(text === "" ? nothing : [text])];
}

function adviceBlocks({ id, fixes, instead, verify }: CauseAdvice, telling: Telling): readonly Block[] {
  const { say, words } = telling;
  const about = words.causes[id];
  if (about === undefined) throw new Error(`The cause ${id} has no words`);
  return [
    { kind: "heading", text: [about.title] },
    { kind: "paragraph", text: say("symptom", { text: about.symptom }) },
    { kind: "paragraph", text: say("tell", { text: about.tell }) },
    ...(about.caution === undefined ? [] : [{ kind: "paragraph", text: say("caution", { text: about.caution }) } as const]),
    { kind: "heading", text: say("fixHeading") },
    ...fixes.flatMap((fix) => fixBlocks(fix, { telling, id })),
    ...insteadBlocks(instead, telling),
    { kind: "paragraph", text: say("verify", { tests: verify.map((test) => `${test} (${words.tests[test]?.title ?? ""})`).join(", ") }) },
  ];
}

function insteadBlocks(instead: CauseAdvice["instead"], telling: Telling): readonly Block[] {
  if (instead === undefined) return [];
  return [
    { kind: "heading", text: telling.say("insteadHeading") },
    ...instead.fixes.flatMap((fix) => fixBlocks(fix, { telling, id: instead.id })),
  ];
}

function fixBlocks(fix: AdvisedFix, { telling: { say, words }, id }: { telling: Telling; id: string }): readonly Block[] {
  const slots = { on: fix.on, test: fix.test ?? "" };
  if (fix.state === "refused") return [{ kind: "paragraph", text: say("fixRefused", slots) }];
  const lead = say(fix.state === "ready" ? "fixReady" : "fixProveFirst", slots);
  const inWords = words.causes[id]?.fixes?.[fix.on];
  if (fix.do === undefined) return [{ kind: "paragraph", text: [...lead, ` ${inWords ?? ""}`] }];
  return [{ kind: "paragraph", text: lead }, listingOf(fix.do)];
}
