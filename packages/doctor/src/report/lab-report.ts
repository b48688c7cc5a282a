import { type Language, readWords } from "@wherefrom/diagnosis";
import type { LabFaultName } from "../lab/fault.ts";
import type { LabText } from "../lab/lab-text.ts";
import type { LabStep } from "../lab/run-fault.ts";
import type { Line } from "./document.ts";
import { fill, type Phrase, phrasesIn } from "./phrase.ts";
import { showAll } from "./redact.ts";
import { widthOf } from "./to-text.ts";
import type { LabMessageKey } from "./words/lab-en.ts";

/** The examination that proves the way back. */
const RETURN_ROUTE_TEST = "T17";
const LABEL_WIDTH = 12;

/** Tells a step of the lab to a person, on lines of its own. */
export function labStepText(step: LabStep, language: Language): string {
  const say = phrasesIn(language);
  const told = (label: LabMessageKey, lines: readonly Line[]): string => labelled(plain(say(label)), lines.map(plain));
  const texts = (all: readonly LabText[]): readonly Line[] => all.map((text) => lineOf(text, say));
  switch (step.step) {
    case "broken":
      return `${step.fault}: ${labFaultIn(step.fault, language)}\n${told("labBroken", texts(step.done))}`;
    case "seen":
      return told("labSeen", [step.peers.length > 0 ? say("labSees", slotsOf(step)) : say("labUnreached", slotsOf(step))]);
    case "looked":
      return told(
        "labLooked",
        step.looked.map(({ known, how }) => [
          ...(known === undefined ? [] : [`${known.fact} = ${String(known.value)}: `]),
          ...lineOf(how, say),
        ]),
      );
    case "diagnosed": {
      const { warnings } = readWords(language);
      const others = step.next.map(({ id, score }) => `${id} ${score.toFixed(1)}`).join(", ");
      const slots = { cause: step.cause, score: step.score.toFixed(1), others };
      return told("labCause", [
        say(step.undecided ? "labDiagnosedOpen" : "labDiagnosed", slots),
        ...(step.isRight ? [] : [say("labOtherCause")]),
        ...step.warnings.map((warning) => say("labCaution", { warning: fill(warnings[warning] ?? warning, { test: RETURN_ROUTE_TEST }) })),
      ]);
    }
    case "mended":
      return told("labMended", texts(step.done));
    case "verified": {
      const policy = step.policy === undefined ? undefined : JSON.stringify(step.policy);
      const line =
        policy === undefined
          ? say("labSeesNow", slotsOf(step))
          : say("labSeesNowBy", { ...slotsOf(step), policy: { kind: "given", text: policy } });
      return `${told(step.isMended ? "labVerified" : "labNotMended", [line])}\n`;
    }
  }
}

/** What is wrong in a fault, in one sentence. */
export function labFaultIn(fault: LabFaultName, language: Language): string {
  return plain(phrasesIn(language)(`lab.about.${fault}`));
}

/** A text of the lab in one line. */
export function labTextIn(text: LabText, language: Language): string {
  return plain(lineOf(text, phrasesIn(language)));
}

/** A step for a program: its texts are English. */
export function labStepJson(step: LabStep): object {
  const english = (text: LabText): string => labTextIn(text, "en");
  switch (step.step) {
    case "broken":
      return { ...step, about: labFaultIn(step.fault, "en"), done: step.done.map(english) };
    case "mended":
      return { ...step, done: step.done.map(english) };
    case "looked":
      return { ...step, looked: step.looked.map(({ how, ...known }) => ({ ...known, how: english(how) })) };
    case "seen":
    case "diagnosed":
    case "verified":
      return step;
  }
}

function slotsOf({ peers, client }: { readonly peers: readonly string[]; readonly client: string }): Record<string, Line> {
  return { peers: [{ kind: "given", text: peers.join(", ") }], client: [{ kind: "given", text: client }] };
}

function lineOf(text: LabText, say: Phrase): Line {
  return text.kind === "code" ? [{ kind: "given", text: text.text }] : say(text.key, text.slots);
}

function plain(line: Line): string {
  return line.map(showAll).join("");
}

/** The label stands before the first line, and the others stand under it. */
function labelled(label: string, lines: readonly string[]): string {
  const pad = (text: string): string => text + " ".repeat(Math.max(1, LABEL_WIDTH - widthOf(text)));
  return lines.map((line, index) => `  ${pad(index === 0 ? label : "")}${line}\n`).join("");
}
