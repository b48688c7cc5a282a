import { int64Schema, policySchema } from "@wherefrom/model";
import { z } from "zod";
import { type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { etagOf } from "../http/etag.ts";
import { environmentName, isSet } from "./environment-json.ts";
import { requireEnvironment } from "./environments.ts";

const deployedConfigSchema = z
  .object({
    name: z.string().describe("organizations/{org}/environments/{env}/configs/{revision}"),
    revisionId: int64Schema.describe("The environment's revision"),
    envScopedRevisionId: int64Schema.describe("The same: there is one revision for everything in an environment"),
    uid: z.string().describe("Another one when the environment was deleted and created again"),
    createTime: z.string().meta({ format: "google-datetime", description: "When the revision was made" }),
    clientIpResolutionConfig: policySchema("EnvironmentConfig").optional(),
    forwardProxyUri: z.string().optional(),
  })
  .meta({ id: "EnvironmentConfig" });

/** The configuration that gateways are offered now. Source: Apigee, GoogleCloudApigeeV1EnvironmentConfig. */
export const getDeployedConfig: Endpoint = {
  summary: "The configuration that gateways are offered now",
  answers: deployedConfigSchema,
  async handle({ store, organization, param }) {
    const { name, revision, uid, modifiedAt, settings } = await requireEnvironment(store, param("env"));
    const { clientIpResolutionConfig, forwardProxyUri } = settings;
    const config = {
      name: `${environmentName(organization, name)}/configs/${revision}`,
      revisionId: String(revision),
      envScopedRevisionId: String(revision),
      uid,
      createTime: new Date(modifiedAt).toISOString(),
      ...(isSet(clientIpResolutionConfig) && { clientIpResolutionConfig }),
      ...(forwardProxyUri && { forwardProxyUri }),
    };
    return jsonAnswer(config, etagOf(revision));
  },
};
