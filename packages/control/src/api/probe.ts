import { parseAddress } from "wherefrom";
import { z } from "zod";
import { ApiError, refuseFaults } from "../http/api-error.ts";
import { type Call, type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { shownValue, violationsOf } from "../http/violations.ts";
import type { ControlParts } from "../parts.ts";
import type { ProbeAnswer, ProbeRequest, Probing } from "../probing.ts";
import { environmentName } from "./environment-json.ts";
import { requireEnvironment } from "./environments.ts";

const MAX_URL_LENGTH = 2_048;
const MAX_ROUNDS = 3;

const bodySchema = z
  .strictObject({
    url: z
      .string("Expected a text")
      .max(MAX_URL_LENGTH)
      .describe("The URL of an echo, as clients reach it: wherefrom doctor serve prints it"),
    rounds: z.int("Expected a whole number").min(1).max(MAX_ROUNDS).optional().describe("How often everything is asked; 1 unless given"),
    expected: z
      .string("Expected a text")
      .refine((text) => parseAddress(text) !== undefined, "Expected an IP address")
      .optional()
      .describe("The address that the URL is meant to lead to"),
  })
  .meta({ id: "ProbeRequest" });

const answerSchema = z
  .object({
    facts: z.record(z.string(), z.unknown()).describe("For :diagnose; what the probe could not be sure of is left out"),
    counts: z.looseObject({}).describe("Requests that were sent, observed by the echo, answered by somebody else, and not answered"),
    proposal: z.looseObject({}).describe("The policy that fits the path, or why none does"),
  })
  .meta({ id: "ProbeResponse" });

/** What the path from control to an echo does to the client's address. Nothing is stored. Off unless whoever runs control said where probes may go. */
export const probePath: Endpoint = {
  summary: "Sends a probe from control to an echo, and says what the path does",
  takes: bodySchema,
  answers: answerSchema,
  async handle(call) {
    const { parts, store, param, body, signal } = call;
    const given = await body();
    await requireEnvironment(store, param("env"));
    const parsed = bodySchema.safeParse(given);
    if (!parsed.success) refuseFaults(violationsOf(parsed.error, given));
    const { url, rounds = 1, expected } = bodySchema.parse(given);
    const probing = requireProbing(parts);
    tellOf(call, url);
    const stop = AbortSignal.any([signal, AbortSignal.timeout(parts.limits.probeTimeoutMs)]);
    const answer = await during(probing, { url, rounds, signal: stop, ...(expected !== undefined && { expected }) });
    if (answer.kind === "refused") throw urlRefused(url, answer);
    const { facts, counts, proposal } = answer;
    return jsonAnswer({ facts, counts, proposal });
  },
};

function urlRefused(url: string, { code, expected }: Extract<ProbeAnswer, { readonly kind: "refused" }>): ApiError {
  const description = `Expected ${expected}, received ${shownValue(url)}`;
  return new ApiError("FIELDS_INVALID", `url: ${description}`, [{ field: "url", description, reason: code }]);
}

function requireProbing({ probing, limits }: ControlParts): Probing {
  if (probing === undefined) {
    throw new ApiError(
      "PROBING_OFF",
      "Probing: Expected a control that may probe; start it with --probe-to, or run wherefrom doctor probe yourself",
    );
  }
  if (probing.underWay < limits.maxProbes) return probing;
  throw new ApiError("TOO_MANY_PROBES", `Probes: Expected at most ${limits.maxProbes} at a time, received one more`);
}

/** Nothing else keeps where control was made to connect to. The path is the echo's secret. */
function tellOf({ parts, organization, param, caller }: Call, url: string): void {
  parts.onNotice({ kind: "probe-asked", environment: environmentName(organization, param("env")), by: caller.name, target: hostIn(url) });
}

function hostIn(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "no URL";
}

async function during(probing: Probing, request: ProbeRequest): Promise<ProbeAnswer> {
  probing.underWay += 1;
  try {
    return await probing.probe(request);
  } finally {
    probing.underWay -= 1;
  }
}
