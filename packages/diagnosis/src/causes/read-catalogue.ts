import { readFileSync } from "node:fs";
import { type Catalogue, LAYERS } from "./cause.ts";
import { causesSchema, examinationsSchema, signalsSchema, type Words, wordsSchema } from "./schema.ts";

/** The languages that the words of the catalogue exist in. */
export const LANGUAGES = ["en", "zh", "ja"] as const;

export type Language = (typeof LANGUAGES)[number];

/** The catalogue is data that comes with this package; `cases/causes` of the repository is the same folder. */
const FOLDER = new URL("../../causes/", import.meta.url);

/** Reads the catalogue. A file of it that is not valid is a fault of this package, and throws. */
export function readCatalogue(): Catalogue {
  const signals = signalsSchema.parse(readJson("signals.json"));
  const examinations = examinationsSchema.parse(readJson("tests.json"));
  return {
    signals: new Map(signals.map((signal) => [signal.name, signal])),
    examinations: new Map(examinations.map((examination) => [examination.id, examination])),
    causes: LAYERS.flatMap((layer) => causesSchema(layer).parse(readJson(`${layer}.json`))),
  };
}

/** Reads the words of one language. */
export function readWords(language: Language): Words {
  return wordsSchema.parse(readJson(`text/${language}.json`));
}

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, FOLDER), "utf8"));
}
