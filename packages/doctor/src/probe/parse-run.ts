import { parseAddress } from "wherefrom";
import { z } from "zod";
import { ECHO_MET } from "../echo/echo.ts";
import { observationSchema } from "../echo/observation.ts";
import type { Answer, AnswerResult, Certificate, ProbeRun } from "./answer.ts";
import { HTTP_QUESTIONS, type QuestionId } from "./question.ts";

/** Most answers of a run: all questions over each transport and family, as many rounds as a probe may make. */
const MAX_ANSWERS = 2_000;

/** Addresses that a client can be told to have. */
const MAX_CLIENTS = 16;

const addressSchema = z
  .string()
  .max(64)
  .refine((text) => parseAddress(text) !== undefined);

/** Longest text that is kept of who answered. */
export const MAX_ANSWERER_LENGTH = 256;

const answererText = z.string().max(MAX_ANSWERER_LENGTH);
const certificateSchema: z.ZodType<Certificate, unknown> = z.strictObject({
  subject: answererText,
  issuer: answererText,
  validTo: answererText,
});

const resultSchema: z.ZodType<AnswerResult, unknown> = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("observed"),
    observation: observationSchema,
    own: z.strictObject({ localAddress: z.string().max(64), localPort: z.int().min(0).max(65_535), dialed: z.string().max(80) }),
    tookMs: z.number().min(0),
  }),
  z.strictObject({
    kind: z.literal("answered"),
    status: z.int(),
    byEcho: z.boolean(),
    met: z.enum(ECHO_MET).exactOptional(),
    server: answererText.exactOptional(),
    via: answererText.exactOptional(),
    redirectsTo: answererText.exactOptional(),
    certificate: certificateSchema.exactOptional(),
  }),
  z.strictObject({ kind: z.literal("other-nonce"), observation: observationSchema }),
  z.strictObject({ kind: z.literal("failed"), code: z.string().max(64), heard: answererText.exactOptional() }),
]);

const questionIds = HTTP_QUESTIONS.map(({ id }) => id) as [QuestionId, ...QuestionId[]];

const leg = { transport: z.enum(["http", "websocket"]), family: z.union([z.literal(4), z.literal(6)]) };

const answerSchema: z.ZodType<Answer, unknown> = z.strictObject({
  question: z.enum(questionIds),
  ...leg,
  round: z.int().min(1),
  result: resultSchema,
});

const runSchema: z.ZodType<ProbeRun, unknown> = z.strictObject({
  version: z.literal(1),
  target: z.string().max(2_048),
  addresses: z.array(z.string().max(64)).max(64),
  answers: z.array(answerSchema).max(MAX_ANSWERS),
  unasked: z
    .array(
      z.strictObject({
        ...leg,
        requests: z.int().min(1).max(MAX_ANSWERS),
        code: z.string().max(64),
        certificate: certificateSchema.exactOptional(),
      }),
    )
    .max(4)
    .exactOptional(),
  told: z
    .strictObject({ clients: z.array(addressSchema).max(MAX_CLIENTS).exactOptional(), expected: addressSchema.exactOptional() })
    .exactOptional(),
});

/** Reads the `run` of what `doctor probe --json` wrote. `undefined` when it is something else. */
export function parseProbeRun(json: unknown): ProbeRun | undefined {
  const parsed = z.looseObject({ run: runSchema }).safeParse(json);
  return parsed.success ? parsed.data.run : undefined;
}
