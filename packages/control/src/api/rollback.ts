import { camelNamed, environmentSchema, int64Schema, wireFieldsOf } from "@wherefrom/model";
import type { Providers } from "wherefrom";
import { z } from "zod";
import { changeAndPublish } from "../change.ts";
import type { EnvironmentContent, Revision } from "../config-store/port.ts";
import { refuseFaults } from "../http/api-error.ts";
import type { FieldReason } from "../http/api-reason.ts";
import { type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { etagOf, requireMatch } from "../http/etag.ts";
import type { JsonObject } from "../http/json-body.ts";
import { violationsOf } from "../http/violations.ts";
import { providersFor } from "../ranges.ts";
import { policyViolations } from "./environment-body.ts";
import { environmentJson } from "./environment-json.ts";
import { requireRevision } from "./environment-revisions.ts";
import { found } from "./environments.ts";
import { readRoutes } from "./route-body.ts";

const bodySchema = z.strictObject({ revisionId: int64Schema }).meta({ id: "RollbackRequest" });
const FIELDS = wireFieldsOf(bodySchema, "settable");

/**
 * Makes a new revision that holds what an earlier one held, settings and routes. A deleted environment comes back that way. What stood
 * then is judged as of today: a provider that there is no more makes a policy invalid.
 */
export const rollbackEnvironment: Endpoint = {
  summary: "Brings back an earlier version of an environment and its routes, as a new version",
  takes: bodySchema,
  answers: environmentSchema,
  isConditional: true,
  async handle(call) {
    const environment = call.param("env");
    const revisionId = readRevisionId(await call.body());
    const standing = await call.store.read(environment);
    const providers = providersFor(call.parts.ranges, standing);
    const content = contentOf(await requireRevision(call.store, environment, revisionId), providers);
    const stamp = call.stamp();
    const { after } = await changeAndPublish(call.parts, {
      organization: call.organization,
      environment,
      by: { ...stamp, reason: stamp.reason ?? `Back to revision ${revisionId}` },
      decide: (current) => {
        if (current !== undefined) requireMatch(call.header("if-match"), current.revision);
        // Of one that was deleted, the security actions come back too: nobody is let in by the way.
        return { kind: "write", content: current === undefined ? content : withoutSecurity(content) };
      },
    });
    const record = found(after, environment);
    return jsonAnswer(environmentJson(record), etagOf(record.revision));
  },
};

function readRevisionId(body: JsonObject): string {
  const given = camelNamed(body, FIELDS);
  const parsed = bodySchema.safeParse(given);
  if (!parsed.success) refuseFaults(violationsOf(parsed.error, given));
  return bodySchema.parse(given).revisionId;
}

function contentOf({ revision, change, content }: Revision<EnvironmentContent>, providers: Providers): EnvironmentContent {
  if (change === "deleted") {
    const description = `Expected a revision after which the environment was there, received ${revision}, which is its deletion`;
    refuseFaults([{ field: "revisionId", description, reason: "FIELD_INVALID" satisfies FieldReason }]);
  }
  const { settings, routes, security } = content;
  const read = readRoutes(routes);
  refuseFaults([
    ...policyViolations(settings.clientIpResolutionConfig, { field: "clientIpResolutionConfig", providers }),
    ...read.violations,
  ]);
  return { settings, routes: read.routes, security };
}

function withoutSecurity({ settings, routes }: EnvironmentContent): EnvironmentContent {
  return { settings, routes };
}
