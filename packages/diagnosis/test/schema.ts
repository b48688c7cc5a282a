import { z } from "zod";
import type { Cause, Clue, Condition, Examination, Fix, Layer, Signal } from "../src/causes/cause.ts";
import type { Words } from "../src/causes/words.ts";

const costSchema = z.enum(["passive", "low", "probe", "config", "helper"]);
const nameSchema = z.string().min(1);

const signalSchema: z.ZodType<Signal, unknown> = z.discriminatedUnion("type", [
  z.strictObject({ name: nameSchema, type: z.enum(["boolean", "integer", "number"]), cost: costSchema, how: nameSchema }),
  z.strictObject({
    name: nameSchema,
    type: z.enum(["enum", "set"]),
    values: z.array(nameSchema).min(2),
    cost: costSchema,
    how: nameSchema,
  }),
]);

const examinationSchema: z.ZodType<Examination, unknown> = z.strictObject({
  id: z.string().regex(/^T[0-9]+$/),
  cost: costSchema,
  reveals: z.array(nameSchema).min(1),
});

/** A clue as it is written: the name of the comparison is a field, its operand the field's value. */
const writtenClueSchema = z.strictObject({
  signal: nameSchema,
  weight: z.number().positive(),
  is: z.union([z.boolean(), z.number(), z.string()]).optional(),
  isNot: z.string().optional(),
  in: z.array(nameSchema).min(2).optional(),
  has: nameSchema.optional(),
  lacks: nameSchema.optional(),
  atLeast: z.number().optional(),
  above: z.number().optional(),
  below: z.number().optional(),
});

const clueSchema: z.ZodType<Clue, unknown> = writtenClueSchema.transform(({ signal, weight, ...written }, context) => {
  const [entry, ...more] = Object.entries(written).filter(([, value]) => value !== undefined);
  if (entry === undefined || more.length > 0) {
    context.addIssue("Expected exactly one comparison");
    return z.NEVER;
  }
  const [kind, value] = entry;
  return { signal, weight, condition: { kind, value } as Condition };
});

const fixSchema = z.strictObject({ on: nameSchema, do: nameSchema.exactOptional(), needs: z.literal("return-route").exactOptional() });

const writtenCauseSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/),
  prior: z.number().positive(),
  lostAt: z.enum(["network", "proxy", "application", "client", "nowhere"]),
  sourceNat: z.boolean().default(false),
  instead: nameSchema.exactOptional(),
  for: z.array(clueSchema).min(1),
  against: z.array(clueSchema).min(1),
  tests: z.array(nameSchema).min(1),
  fixes: z.array(fixSchema satisfies z.ZodType<Fix, unknown>).min(1),
  verify: z.array(nameSchema).min(1),
});

/** The file of signals. */
export const signalsSchema: z.ZodType<Signal[], unknown> = z.array(signalSchema);

/** The file of examinations. */
export const examinationsSchema: z.ZodType<Examination[], unknown> = z.array(examinationSchema);

/** The file of one layer's causes. */
export function causesSchema(layer: Layer): z.ZodType<Cause[], unknown> {
  return z.array(writtenCauseSchema.transform((cause) => ({ ...cause, layer })));
}

/** The words of one language. */
export const wordsSchema: z.ZodType<Words, unknown> = z.strictObject({
  signals: z.record(z.string(), nameSchema),
  warnings: z.record(z.string(), nameSchema),
  tests: z.record(z.string(), z.strictObject({ title: nameSchema, do: nameSchema })),
  causes: z.record(
    z.string(),
    z.strictObject({
      title: nameSchema,
      symptom: nameSchema,
      tell: nameSchema,
      caution: nameSchema.exactOptional(),
      fixes: z.record(z.string(), nameSchema).exactOptional(),
    }),
  ),
});
