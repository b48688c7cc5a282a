import { hashOf, jsonChangeSchema } from "@wherefrom/model";
import { z } from "zod";
import { changeAllAndPublish, type Published } from "../change.ts";
import type { Standing } from "../config-store/port.ts";
import { refuseFaults } from "../http/api-error.ts";
import { type Answer, type Call, type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { requireTag } from "../http/etag.ts";
import { violationsOf } from "../http/violations.ts";
import { applyBodySchema, organizationDocumentSchema } from "./apply-body.ts";
import { type Plan, planOf } from "./apply-plan.ts";
import { declaredContent, documentOf, environmentName } from "./environment-json.ts";

const TAG_LENGTH = 32;

const answerSchema = z
  .object({
    applied: z.boolean(),
    etag: z.string().describe("Of what stands now; If-Match with it makes an apply depend on that"),
    changes: z.array(
      z
        .object({
          resource: z.string(),
          change: z.enum(["CREATED", "UPDATED", "DELETED"]),
          revisionId: z.string().optional().describe("The revision that the change made"),
          changes: z.array(jsonChangeSchema),
        })
        .meta({ id: "AppliedChange" }),
    ),
    unchanged: z.array(z.string()).describe("Environments that are as they are to be"),
    kept: z.array(z.string()).describe("Environments that are not in the list and stay, because prune was not asked for"),
    warnings: z.array(z.string()),
  })
  .meta({ id: "ApplyResponse" });

/** Everything that is set in an organization, in the form that `apply` takes. */
export const exportOrganization: Endpoint = {
  summary: "All of an organization as one document",
  answers: organizationDocumentSchema,
  async handle({ store }) {
    const standing = await store.readAll();
    const environments = [...standing.environments.values()].map((record) => ({
      name: record.name,
      ...documentOf(declaredContent(record)),
    }));
    return jsonAnswer({ organization: standing.organization.settings, environments }, tagOf(standing));
  },
};

/** Brings an organization to what a document says, all or nothing. */
export const applyOrganization: Endpoint = {
  summary: "Brings an organization to what a document says, all or nothing; or says what that would change",
  takes: applyBodySchema,
  takesLargeBody: true,
  answers: answerSchema,
  isConditional: true,
  async handle(call) {
    const given = await call.body();
    const parsed = applyBodySchema.safeParse(given);
    if (!parsed.success) refuseFaults(violationsOf(parsed.error, given));
    const body = applyBodySchema.parse(given);
    const judge = (standing: Standing): Plan => {
      requireTag(call.header("if-match"), tagOf(standing));
      return planOf(body, standing, call.parts);
    };
    if (body.validateOnly === true) return planAnswer(call, judge(await call.store.readAll()), new Map());
    const plans: Plan[] = [];
    const published = await changeAllAndPublish(call.parts, {
      organization: call.organization,
      by: call.stamp(),
      isStaged: true,
      decide(standing) {
        plans.unshift(judge(standing));
        return plans[0] as Plan;
      },
    });
    return planAnswer(call, plans[0] as Plan, published);
  },
};

async function planAnswer({ store, organization }: Call, plan: Plan, published: ReadonlyMap<string, Published>): Promise<Answer> {
  const etag = tagOf(await store.readAll());
  const changes = plan.steps.map(({ environment, ...step }) => ({
    resource: environment === undefined ? `organizations/${organization}` : environmentName(organization, environment),
    ...step,
    ...revisionIn(published.get(environment ?? "")),
  }));
  const warnings = [...published].flatMap(([environment, { lateGateways, revision }]) =>
    lateGateways.map((gateway) => `Gateway ${gateway} is connected but has not reported revision ${revision} of ${environment} yet`),
  );
  const { unchanged, kept, isDryRun } = plan;
  return jsonAnswer({ applied: !isDryRun, etag, changes, unchanged, kept, warnings }, etag);
}

function revisionIn(published: Published | undefined): { readonly revisionId?: string } {
  return published === undefined ? {} : { revisionId: String(published.revision) };
}

/** The same exactly as long as nothing in the organization changes. */
function tagOf({ organization, environments }: Standing): string {
  const revisions = [...environments.values()].map(({ name, uid, revision }) => [name, uid, revision]);
  return `"o${hashOf([organization.uid, organization.revision, revisions]).slice(0, TAG_LENGTH)}"`;
}
