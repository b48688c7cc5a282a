import { z } from "zod";
import type { EnvironmentRecord } from "../config-store/port.ts";
import { type Call, type Endpoint, type JsonAnswer, jsonAnswer } from "../http/endpoint.ts";
import { etagOf } from "../http/etag.ts";
import { messageBody } from "../http/message-body.ts";
import { shownValue } from "../http/violations.ts";
import { securityOf } from "../security-content.ts";
import { environmentName } from "./environment-json.ts";
import { requireEnvironment } from "./environments.ts";
import { changeSecurity } from "./security-actions.ts";

const configSchema = z
  .strictObject({
    name: z.string().optional().meta({ readOnly: true, description: "organizations/{org}/environments/{env}/securityActionsConfig" }),
    enabled: z
      .boolean("Expected true or false")
      .optional()
      .describe("Whether enabled security actions are enforced. Until it is set they are; false pauses all of them"),
    updateTime: z.string().optional().meta({ readOnly: true, format: "google-datetime" }),
  })
  .meta({ id: "SecurityActionsConfig" });
const CONFIG = messageBody(configSchema);

export const getSecurityActionsConfig: Endpoint = {
  summary: "Whether the security actions of an environment are enforced",
  answers: configSchema,
  handle: async (call) => configAnswer(call, await requireEnvironment(call.store, call.param("env"))),
};

export const updateSecurityActionsConfig: Endpoint = {
  summary: "Pauses all security actions of an environment, or resumes them",
  takes: configSchema,
  answers: configSchema,
  query: { updateMask: { type: "string", format: "google-fieldmask", description: "enabled, or * for it" } },
  isConditional: true,
  async handle(call) {
    const { enabled } = CONFIG.read(CONFIG.given(await call.body()), maskFaults(call.query.get("updateMask")));
    return configAnswer(call, await changeSecurity(call, (security) => ({ ...security, enabled, enabledAt: call.parts.now() })));
  },
};

function maskFaults(mask: string | null) {
  if (mask === null || mask === "" || mask === "*" || mask === "enabled") return [];
  return [
    { field: "updateMask", description: `Expected enabled or *, received ${shownValue(mask)}`, reason: "MASK_PATH_INVALID" as const },
  ];
}

function configAnswer({ organization }: Call, record: EnvironmentRecord): JsonAnswer {
  const { enabled, enabledAt } = securityOf(record);
  const name = `${environmentName(organization, record.name)}/securityActionsConfig`;
  const updateTime = enabledAt === undefined ? {} : { updateTime: new Date(enabledAt).toISOString() };
  return jsonAnswer({ name, ...(enabled !== undefined && { enabled }), ...updateTime }, etagOf(record.revision));
}
