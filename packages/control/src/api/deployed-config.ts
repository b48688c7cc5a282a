import { z } from "zod";
import { type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { etagOf } from "../http/etag.ts";
import { environmentName, isSet } from "./environment-json.ts";
import { requireEnvironment } from "./environments.ts";

const deployedConfigSchema = z
  .object({
    name: z.string(),
    revisionId: z.string(),
    envScopedRevisionId: z.string(),
    uid: z.string(),
    createTime: z.string(),
    clientIpResolutionConfig: z.record(z.string(), z.unknown()).optional(),
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
