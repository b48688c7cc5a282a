import { gatewayReportSchema, refusedSnapshotSchema } from "@wherefrom/model";
import { z } from "zod";
import { refuseFaults } from "../http/api-error.ts";
import type { FieldReason } from "../http/api-reason.ts";
import { EMPTY } from "../http/empty.ts";
import { type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { shownValue, violationsOf } from "../http/violations.ts";
import { environmentName } from "./environment-json.ts";
import { requireEnvironment } from "./environments.ts";

const GATEWAY_NAME = /^[A-Za-z0-9._-]{1,128}$/;

const gatewaySchema = z
  .object({
    name: z.string(),
    revision: z.int().optional(),
    connected: z.boolean(),
    reportedAt: z.string().optional(),
    refused: refusedSnapshotSchema.optional(),
  })
  .meta({ id: "Gateway" });

/** Which gateway runs which revision. More of it is in the rollout. */
export const listGateways: Endpoint = {
  summary: "Which gateway runs which revision",
  answers: z.object({ gateways: z.array(gatewaySchema) }).meta({ id: "ListGatewaysResponse" }),
  async handle({ parts, store, organization, param }) {
    const environment = await requireEnvironment(store, param("env"));
    const fleet = await parts.fleet.of(organization, environment.name);
    const gateways = fleet.map(({ name, isConnected, heardAt, report }) => ({
      name,
      revision: report?.revision,
      connected: isConnected,
      ...(heardAt !== undefined && { reportedAt: String(heardAt) }),
      refused: report?.refused,
    }));
    return jsonAnswer({ gateways });
  },
};

export const reportGateway: Endpoint = {
  summary: "A gateway says what it runs",
  takes: gatewayReportSchema,
  answers: EMPTY,
  async handle({ parts, store, organization, param, body }) {
    const gateway = gatewayNameOf(param("gateway"));
    const given = await body();
    const report = gatewayReportSchema.safeParse(given);
    if (!report.success) refuseFaults(violationsOf(report.error, given));
    const { name } = await requireEnvironment(store, param("env"));
    const environment = environmentName(organization, name);
    const told = gatewayReportSchema.parse(given);
    const { revision, refused } = told;
    const isNews = parts.publisher.report(environment, { gateway, revision, refused });
    parts.fleet.heard({ organization, environment: name, name: gateway, heardAt: parts.now(), report: told });
    if (refused !== undefined && isNews) parts.onNotice({ kind: "snapshot-refused", environment, gateway, ...refused });
    return jsonAnswer({});
  },
};

/** A gateway's name, or 400. */
export function gatewayNameOf(text: string): string {
  if (GATEWAY_NAME.test(text)) return text;
  const description = `Expected 1 to 128 letters, digits, dots, underscores or hyphens, received ${shownValue(text)}`;
  refuseFaults([{ field: "gatewayId", description, reason: "FIELD_INVALID" satisfies FieldReason }]);
  return text;
}
