import { type Advice, type Language, readWords } from "@wherefrom/diagnosis";
import { parseAddress } from "wherefrom";
import type { Comparison } from "../compare/compare-probes.ts";
import { diagnosisBlocks } from "./diagnosis-report.ts";
import type { Block, Document, Line } from "./document.ts";
import { phrasesIn, plainIn } from "./phrase.ts";

/** Tells what differs between two probes, what that rules out for the first, and what is left. `hasFault`: whether one of them found something wrong. */
export function compareDocument(
  { comparison, advice, hasFault }: { readonly comparison: Comparison; readonly advice: Advice; readonly hasFault: boolean },
  language: Language,
): Document {
  const [say, plain, words] = [phrasesIn(language), plainIn(language), readWords(language)];
  const { differences, ruledOut, diagnosis } = comparison;
  const cell = (text: string): Line => [parseAddress(text) === undefined ? text : { kind: "address", text }];
  const rows = differences.map(({ what, first, second }): readonly Line[] => [[plain(`differs.${what}`)], cell(first), cell(second)]);
  const table: readonly Block[] =
    rows.length === 0
      ? [{ kind: "paragraph", text: say("compareSame") }]
      : [{ kind: "table", head: [plain("compareWhat"), plain("compareFirst"), plain("compareSecond")], rows }];
  const ruled: readonly Block[] =
    ruledOut.length === 0 || !hasFault
      ? []
      : [
          { kind: "heading", text: say("compareRuledOut") },
          { kind: "list", items: ruledOut.map((id): Line => [`${id}: ${words.causes[id]?.title ?? ""}`]) },
        ];
  // without a fault there is nothing to explain
  const causes: readonly Block[] = hasFault
    ? diagnosisBlocks({ diagnosis, advice }, language)
    : [{ kind: "paragraph", text: say("compareNoFault") }];
  return { title: plain("compareTitle"), language, blocks: [...table, ...ruled, ...causes] };
}
