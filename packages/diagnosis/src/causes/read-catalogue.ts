import { readFileSync } from "node:fs";
import { type Catalogue, type Cause, type Clue, type Condition, type Examination, LAYERS, type Layer, type Signal } from "./cause.ts";
import type { Words } from "./words.ts";

/** The languages that the words of the catalogue exist in. */
export const LANGUAGES = ["en", "zh", "ja"] as const;

export type Language = (typeof LANGUAGES)[number];

/** The catalogue is data that comes with this package; `cases/causes` of the repository is the same folder. */
const FOLDER = new URL("../../causes/", import.meta.url);

/** A clue as it is written: the name of the comparison is a field, its operand the field's value. */
type WrittenClue = Pick<Clue, "signal" | "weight"> & { readonly [comparison: string]: unknown };

type WrittenCause = Omit<Cause, "layer" | "sourceNat" | "for" | "against"> & {
  readonly sourceNat?: boolean;
  readonly for: readonly WrittenClue[];
  readonly against: readonly WrittenClue[];
};

/**
 * Reads the catalogue. Its files are this package's own, so they are held against their schema by a test and not at each start, where that would take longer than all else that a diagnosis does.
 */
export function readCatalogue(): Catalogue {
  const signals = readJson<readonly Signal[]>("signals.json");
  const examinations = readJson<readonly Examination[]>("tests.json");
  return {
    signals: new Map(signals.map((signal) => [signal.name, signal])),
    examinations: new Map(examinations.map((examination) => [examination.id, examination])),
    causes: LAYERS.flatMap((layer) => readJson<readonly WrittenCause[]>(`${layer}.json`).map((cause) => causeOf(cause, layer))),
  };
}

/** Reads the words of one language. */
export function readWords(language: Language): Words {
  return readJson<Words>(`text/${language}.json`);
}

function causeOf(written: WrittenCause, layer: Layer): Cause {
  return { sourceNat: false, ...written, layer, for: written.for.map(clueOf), against: written.against.map(clueOf) };
}

function clueOf({ signal, weight, ...comparison }: WrittenClue): Clue {
  const [[kind, value] = []] = Object.entries(comparison);
  return { signal, weight, condition: { kind, value } as Condition };
}

function readJson<Shape>(name: string): Shape {
  return JSON.parse(readFileSync(new URL(name, FOLDER), "utf8")) as Shape;
}
