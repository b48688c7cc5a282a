import { expect } from "vitest";
import { type ControlUnderTest, headerIndex, type Json, openTestControl } from "./control-under-test.ts";
import { type GatewayStream, openStream } from "./gateway-stream.ts";

/** Of the two names, that of gw-a has the lower hash. */
export const [FIRST, OTHER] = ["gw-a", "gw-b"] as const;
export const HALF = { "x-wherefrom-rollout-share": "50" };

type Counts = { readonly requests: number; readonly "header-absent": number };

export function report(under: ControlUnderTest, gateway: string, revision: number, more: object = {}): Promise<Json> {
  return under.ask(`PUT /demo/gateways/${gateway}`, { body: { revision, ...more } });
}

export const counted = ({ requests, ...fallbacks }: Counts): object => ({ requests, fallbacks });

/** An environment at revision 1, run by two gateways; nothing waits for their reports. */
export async function openFleet(limits: object = {}): Promise<ControlUnderTest & Readonly<Record<"first" | "other", GatewayStream>>> {
  const under = await openTestControl({ limits: { maxPublishWaitMs: 1, ...limits } });
  await under.control.seedEnvironment({ organization: "local", name: "demo", clientIpResolutionConfig: headerIndex(-1) });
  const [first, other] = await Promise.all([FIRST, OTHER].map((name) => openStream(under, name)));
  if (first === undefined || other === undefined) throw new Error("Expected two streams");
  for (const [stream, name] of [
    [first, FIRST],
    [other, OTHER],
  ] as const) {
    expect((await stream.next())?.id).toBe("r1");
    await report(under, name, 1);
  }
  return { ...under, first, other };
}

export function change({ ask }: ControlUnderTest, index: number, headers: Readonly<Record<string, string>> = HALF): Promise<Json> {
  return ask("PATCH /demo", { body: { clientIpResolutionConfig: headerIndex(index) }, headers });
}

export const rollout = async ({ ask }: ControlUnderTest): Promise<Json> => (await ask("GET /demo/rollout")).body;

export async function rolloutWhen(under: ControlUnderTest, holds: (rollout: Json) => boolean): Promise<Json> {
  for (;;) {
    const seen = await rollout(under);
    if (holds(seen)) return seen;
  }
}
