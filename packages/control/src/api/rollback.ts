import { camelNamed, diffJson, environmentSchema, int64Schema, wireFieldsOf } from "@wherefrom/model";
import type { Providers } from "wherefrom";
import { z } from "zod";
import { changeAndPublish } from "../change.ts";
import type { Beside, EnvironmentContent, EnvironmentRecord, Revision } from "../config-store/port.ts";
import { ApiError, refuseFaults } from "../http/api-error.ts";
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

const bodySchema = z
  .strictObject({
    revisionId: int64Schema
      .optional()
      .describe(
        "Default: the newest of which policy or routes differ from those that stand; of a deleted environment, the newest that stood",
      ),
  })
  .meta({ id: "RollbackRequest" });
const HISTORY_PAGE = 100;
const FIELDS = wireFieldsOf(bodySchema, "settable");

/**
 * Makes a new revision that holds what an earlier one held, settings and routes, and gives it to every gateway at once: also where changes are tried on
 * some first, and while one is. A deleted environment comes back that way. What stood
 * then is judged as of today: a provider that there is no more makes a policy invalid.
 */
export const rollbackEnvironment: Endpoint = {
  summary: "Brings back an earlier version of an environment and its routes, as a new version",
  takes: bodySchema,
  answers: environmentSchema,
  isConditional: true,
  async handle(call) {
    const environment = call.param("env");
    const asked = readRevisionId(await call.body());
    const { after } = await changeAndPublish(call.parts, {
      organization: call.organization,
      environment,
      audience: "all",
      by: call.stamp(),
      async decide(current, { history }) {
        const revision =
          asked === undefined
            ? await previousRevision(current, { environment, history })
            : await requireRevision(asked, { environment, history });
        const content = contentOf(revision, providersFor(call.parts.ranges, current));
        // Of one that is deleted, the deletion is what stands: whoever did not see it does not undo it.
        const [newest] = current === undefined ? await history({ limit: 1 }) : [current];
        requireMatch(call.header("if-match"), newest?.revision ?? 0);
        const reason = `Back to revision ${revision.revision}`;
        // Of one that was deleted, the security actions come back too: nobody is let in by the way.
        return { kind: "write", content: current === undefined ? content : withoutSecurity(content), reason };
      },
    });
    const record = found(after, environment);
    return jsonAnswer(environmentJson(record), etagOf(record.revision));
  },
};

type Past = Pick<Beside, "history"> & { readonly environment: string };

/** The newest that all gateways were to run and that held something else than what stands, which is nothing where the environment is deleted. */
async function previousRevision(
  standing: EnvironmentRecord | undefined,
  { environment, history }: Past,
): Promise<Revision<EnvironmentContent>> {
  if ((await history({ limit: 1 })).length === 0) found(standing, environment);
  let before = standing?.revision;
  do {
    const page = await history({ limit: HISTORY_PAGE, before });
    const other = page.find(
      ({ change, content }) =>
        change !== "deleted" && content.stage === undefined && (standing === undefined || !isSameContent(content, standing)),
    );
    if (other !== undefined) return other;
    before = page.at(-1)?.revision ?? 0;
  } while (before > 1);
  throw new ApiError("REVISION_NOT_FOUND", "Revision: Expected an earlier one that is kept and differs from what stands, received none");
}

/** Whether gateways were told the same, but for ranges, which come with the policy. */
function isSameContent(left: EnvironmentContent, right: EnvironmentContent): boolean {
  const told = ({ settings, routes }: EnvironmentContent) => ({ policy: settings.clientIpResolutionConfig ?? {}, routes });
  return diffJson(told(left), told(right)).length === 0;
}

function readRevisionId(body: JsonObject): string | undefined {
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
