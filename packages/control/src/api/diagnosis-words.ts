import type { Advice, Diagnosis, Words } from "@wherefrom/diagnosis";
import { z } from "zod";

/** Causes whose words an answer has. The rest are far behind. */
const MAX_WORDED = 5;

const textsSchema = z.record(z.string(), z.string());

/** Words for people, by the names in the answer. */
export const wordsSchema: z.ZodType<Words> = z
  .object({
    causes: z.record(
      z.string(),
      z.object({
        title: z.string(),
        symptom: z.string(),
        tell: z.string(),
        caution: z.string().exactOptional(),
        fixes: textsSchema.exactOptional(),
      }),
    ),
    tests: z.record(z.string(), z.object({ title: z.string(), do: z.string() })),
    signals: textsSchema,
    warnings: textsSchema.describe("{test} stands for the id of an examination"),
  })
  .meta({ id: "DiagnosisWords" });

/** Of all words those that a diagnosis and its advice need: of the first causes with their evidence, of what is advised, and of what is to be examined. */
export function wordsFor({ diagnosis, advice }: { readonly diagnosis: Diagnosis; readonly advice: Advice }, words: Words): Words {
  const first = diagnosis.causes.slice(0, MAX_WORDED);
  const advised = advice.causes.flatMap(({ instead, ...cause }) => [cause, ...(instead === undefined ? [] : [instead])]);
  const tests = [
    diagnosis.nextTest,
    ...advice.causes.flatMap(({ verify }) => verify),
    ...advised.flatMap(({ fixes }) => fixes.map(({ test }) => test)),
  ];
  return {
    causes: pick(
      words.causes,
      [...first, ...advised].map(({ id }) => id),
    ),
    tests: pick(words.tests, tests),
    signals: pick(
      words.signals,
      first.flatMap((cause) => [...cause.for, ...cause.against]).map(({ signal }) => signal),
    ),
    warnings: pick(words.warnings, advice.warnings),
  };
}

function pick<Value>(all: Readonly<Record<string, Value>>, names: readonly (string | null | undefined)[]): Readonly<Record<string, Value>> {
  const wanted = new Set(names);
  return Object.fromEntries(Object.entries(all).filter(([name]) => wanted.has(name)));
}
