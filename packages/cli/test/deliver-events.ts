import type { Control } from "@wherefrom/control";
import { expect } from "vitest";

const PLACE = { organization: "local", environment: "prod", gateway: "edge-1", revision: 1 };
const EXCHANGE = { method: "GET", path: "/", isComplete: true, status: 200, durationMs: 1, requestBytes: 0, responseBytes: 1 };

/** Delivers events of `prod` as a gateway does, each an exchange that went well where it says nothing else. */
export async function deliverEvents(control: Control, events: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
  const token = control.issueKey({ name: PLACE.gateway, role: "gateway", organization: PLACE.organization });
  const path = `/v1/organizations/local/environments/prod/gateways/${PLACE.gateway}:deliverEvents`;
  const delivered = await fetch(`${control.url}${path}?batchId=001764000000000-0a1b2c3d-00000001-${events.length}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/x-ndjson" },
    body: events.map((event) => `${JSON.stringify({ ...PLACE, ...EXCHANGE, ...event })}\n`).join(""),
  });
  expect({ status: delivered.status, body: await delivered.json() }).toEqual({ status: 200, body: {} });
}
