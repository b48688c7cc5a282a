import { advise, type Catalogue, diagnose, type Facts, LANGUAGES, type Language, parseFacts, readWords } from "@wherefrom/diagnosis";
import type { FieldViolation } from "@wherefrom/model";
import { type Policy, parsePolicy } from "wherefrom";
import { z } from "zod";
import { theCatalogue } from "../catalogue.ts";
import { type EnvironmentRecord, StoreUnavailable } from "../config-store/port.ts";
import { entranceNames } from "../counted-hops.ts";
import { factsOfEnvironment } from "../environment-facts.ts";
import { QuestionTooCostly } from "../event-store/port.ts";
import { refuseFaults } from "../http/api-error.ts";
import { type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { violationsOf } from "../http/violations.ts";
import type { ControlParts } from "../parts.ts";
import { providersFor } from "../ranges.ts";
import { type RecentTraffic, readRecentTraffic, WINDOW_MS } from "../recent-traffic.ts";
import { revisionsAlike } from "../revisions-alike.ts";
import { factsOfTraffic } from "../traffic-facts.ts";
import { wordsFor, wordsSchema } from "./diagnosis-words.ts";
import { requireEnvironment } from "./environments.ts";

const factsSchema = z.record(z.string(), z.unknown(), "Expected an object, signal to value");

const bodySchema = z
  .strictObject({
    facts: factsSchema
      .optional()
      .describe(
        'What is known, signal to value, such as {"peer.isDefaultGateway": true}. It goes before what control knows; null: not known',
      ),
    language: z.enum(LANGUAGES).optional().describe("Adds words for people, in this language"),
  })
  .meta({ id: "DiagnoseRequest" });

const weighedSchema = z.object({ signal: z.string(), value: z.unknown(), weight: z.number() }).meta({ id: "WeighedFact" });

const causeSchema = z
  .object({
    id: z.string(),
    score: z.number().describe("Only differences mean something"),
    for: z.array(weighedSchema),
    against: z.array(weighedSchema),
  })
  .meta({ id: "RankedCause" });

const answerSchema = z
  .object({
    causes: z.array(causeSchema).describe("All causes, the likeliest first"),
    undecided: z.boolean().describe("Whether the first could still be another"),
    nextTest: z.string().nullable().describe("The examination that tells most for its cost"),
    advice: z.looseObject({}).describe("What may be changed, what must not before something else is proven, and what has to be said"),
    facts: factsSchema.describe("All facts that it was ranked by"),
    knownFacts: factsSchema.describe(
      "Those that control knows: from the policy, from what gateways report, and from the events of the last 15 minutes",
    ),
    revisionId: z.string(),
    words: wordsSchema.optional().describe("For the ids above, when a language was asked for"),
  })
  .meta({ id: "DiagnoseResponse" });

/** Why addresses are wrong, by the facts that are given and those that control knows of the environment and its gateways. Nothing is stored, and nothing is sent to anybody. */
export const diagnoseEnvironment: Endpoint = {
  summary: "Ranks the causes of a wrong address by given facts and by what control knows",
  takes: bodySchema,
  answers: answerSchema,
  async handle({ parts, store, organization, param, body, signal }) {
    const catalogue = theCatalogue();
    const given = readBody(await body(), catalogue);
    const record = await requireEnvironment(store, param("env"));
    const { settings, revision } = record;
    const policy = parsePolicy(settings.clientIpResolutionConfig ?? {}, { providers: providersFor(parts.ranges, record) });
    const fleet = await parts.fleet.of(organization, param("env"));
    const traffic = await recentTrafficIfAny(parts, { organization, record, policy, signal });
    const knownFacts = { ...factsOfEnvironment({ policy, revision, fleet }), ...(traffic && factsOfTraffic(traffic, policy)) };
    const facts: Facts = new Map([...Object.entries(knownFacts).filter(([signal]) => !given.silenced.includes(signal)), ...given.facts]);
    const diagnosis = diagnose(catalogue, facts);
    const advice = advise(catalogue, { facts, diagnosis });
    const words = given.language && { words: wordsFor({ diagnosis, advice }, readWords(given.language)) };
    return jsonAnswer({ ...diagnosis, advice, facts: Object.fromEntries(facts), knownFacts, revisionId: String(revision), ...words });
  },
};

type Ran = { readonly organization: string; readonly record: EnvironmentRecord; readonly policy: Policy; readonly signal: AbortSignal };

/** A diagnosis does without the events where there are none, or where they cannot be read now. */
async function recentTrafficIfAny(
  { eventStore, store, now }: ControlParts,
  { organization, record, policy, signal }: Ran,
): Promise<RecentTraffic | undefined> {
  if (eventStore === undefined) return undefined;
  const revisions = await revisionsAlike(store.of(organization), { record, since: now() - WINDOW_MS });
  try {
    const recent = { revisions, until: now() + 1, entrances: entranceNames(policy), signal };
    return await readRecentTraffic(eventStore, { organization, environment: record.name }, recent);
  } catch (error) {
    if (error instanceof StoreUnavailable || error instanceof QuestionTooCostly) return undefined;
    throw error;
  }
}

type Given = {
  readonly facts: Facts;
  /** Signals that whoever asks says are not known. */
  readonly silenced: readonly string[];
  readonly language: Language | undefined;
};

function readBody(body: unknown, catalogue: Catalogue): Given {
  const parsed = bodySchema.safeParse(body);
  const { facts = {} } = body as { readonly facts?: unknown };
  const reading = factsSchema.safeParse(facts).success ? parseFacts(facts, catalogue) : undefined;
  const factFaults: readonly FieldViolation[] =
    reading?.kind === "refused"
      ? reading.issues.map(({ pointer, expected, given, code }) => ({
          field: `facts${pointer}`,
          description: `Expected ${expected}, received ${given}`,
          reason: code,
        }))
      : [];
  refuseFaults([...(parsed.success ? [] : violationsOf(parsed.error, body)), ...factFaults]);
  const silenced = Object.entries(facts as object).flatMap(([signal, value]) => (value === null ? [signal] : []));
  return { facts: reading?.kind === "facts" ? reading.facts : new Map(), silenced, language: parsed.data?.language };
}
