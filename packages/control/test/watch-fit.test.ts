import type { TrafficEvent } from "@wherefrom/model";
import { expect, test, vi } from "vitest";
import { PATIENT } from "../../../tools/patience.ts";
import type { ControlLimits } from "../src/limits.ts";
import type { ControlNotice } from "../src/notice.ts";
import { type ControlUnderTest, headerIndex, type Json, openTestControl, temporaryFolder } from "./control-under-test.ts";
import { eventOf } from "./event-store-contract.ts";

type Watched = ControlUnderTest & {
  readonly notices: ControlNotice[];
  /** Delivers events as a gateway does. */
  deliver(environment: string, events: readonly Partial<TrafficEvent>[]): Promise<void>;
};

async function openWatched(limits: Partial<ControlLimits> = {}): Promise<Watched> {
  const notices: ControlNotice[] = [];
  const analytics = `duckdb:${await temporaryFolder()}/events.duckdb`;
  const under = await openTestControl({ analytics, limits: { fitLookMs: 20, ...limits }, onNotice: (notice) => notices.push(notice) });
  let batches = 0;
  const deliver: Watched["deliver"] = async (environment, events) => {
    batches += 1;
    const key = under.control.issueKey({ name: "edge", role: "gateway", organization: "local", environments: [environment] });
    const lines = events.map((event) => JSON.stringify(eventOf({ organization: "local", environment, time: Date.now(), ...event })));
    const { status } = await under.ask(
      `POST /${environment}/gateways/edge-1:deliverEvents?batchId=001764000000000-0a1b2c3d-${String(batches).padStart(8, "0")}-${events.length}`,
      { rawBody: `${lines.join("\n")}\n`, headers: { authorization: `Bearer ${key}`, "content-type": "application/x-ndjson" } },
    );
    expect(status).toBe(200);
  };
  return { ...under, notices, deliver };
}

/** Twenty requests of twenty clients, of which a part fell back. */
function requests({ revision = 1, fallbacks = 0 }: { readonly revision?: number; readonly fallbacks?: number } = {}) {
  return Array.from({ length: 20 }, (_, index): Partial<TrafficEvent> => {
    const outcome =
      index < fallbacks
        ? { outcome: "fallback" as const, reason: "header-absent" as const }
        : { outcome: "resolved" as const, xForwardedFor: `203.0.113.${index}` };
    return { ...outcome, revision, resolvedIp: `203.0.113.${index}` };
  });
}

/** Goes on with events until something holds, as an environment is looked at only after new ones. */
async function until(
  { deliver }: Watched,
  environment: string,
  of: () => readonly Partial<TrafficEvent>[],
  holds: () => boolean,
): Promise<void> {
  await vi.waitFor(async () => {
    await deliver(environment, of());
    expect(holds()).toBe(true);
  }, PATIENT);
}

const kindsOf = (notices: readonly ControlNotice[]): readonly string[] =>
  notices.map(({ kind }) => kind).filter((kind) => kind.startsWith("misfit") || kind.startsWith("fit"));

async function openMisfitOf({ ask }: Watched): Promise<Json> {
  return (await ask("GET /demo:fit")).body.openMisfit;
}

async function gaugeOf({ get }: Watched): Promise<string | undefined> {
  return /^wherefrom_control_policy_misfit\{.*environment="demo"\} (\d)$/m.exec(await (await get("//metrics")).text())?.[1];
}

test("a policy that begins not to fit is told once, shown with the time, and told again when another policy fits", async () => {
  const watched = await openWatched();
  const { ask, notices } = watched;
  await ask("POST ", { body: { name: "demo", clientIpResolutionConfig: headerIndex(-2) } });
  await until(
    watched,
    "demo",
    () => requests({ fallbacks: 20 }),
    () => kindsOf(notices).length > 0,
  );
  expect(notices.find(({ kind }) => kind === "misfit-began")).toMatchObject({
    organization: "local",
    environment: "demo",
    revision: 1,
    findings: expect.arrayContaining([{ kind: "fallbacks", share: 1, reasons: { "header-absent": 1 } }]),
    causes: expect.arrayContaining(["hop-count-high"]),
    since: expect.any(Number),
  });
  const open = await openMisfitOf(watched);
  expect(open).toMatchObject({
    revisionId: "1",
    findings: expect.arrayContaining([{ kind: "fallbacks", share: 1, reasons: { "header-absent": 1 } }]),
  });
  expect(Date.parse(open.since)).toBeLessThanOrEqual(Date.now());
  expect(await gaugeOf(watched)).toBe("1");

  // a change that resolves as before ends nothing; under the new policy nothing is known yet
  await ask("PATCH /demo", { body: { displayName: "Demo" } });
  await watched.deliver("demo", requests({ revision: 2, fallbacks: 20 }));
  await ask("PATCH /demo", { body: { clientIpResolutionConfig: headerIndex(-1) } });
  expect(await openMisfitOf(watched)).toMatchObject({ since: open.since });
  await until(
    watched,
    "demo",
    () => requests({ revision: 3 }),
    () => kindsOf(notices).length > 1,
  );
  expect(kindsOf(notices)).toEqual(["misfit-began", "misfit-ended"]);
  // by the revision that fits
  expect(notices.find(({ kind }) => kind === "misfit-ended")).toMatchObject({ revision: 3, since: Date.parse(open.since) });
  expect(await openMisfitOf(watched)).toBeUndefined();
  expect(await gaugeOf(watched)).toBe("0");
});

test("an environment is looked at only after new events, and one that is made anew has nothing of the one before", async () => {
  const watched = await openWatched();
  const { ask, notices } = watched;
  for (const name of ["demo", "other"]) await ask("POST ", { body: { name, clientIpResolutionConfig: headerIndex(-2) } });
  // one batch in the quiet environment, however bad, is one look
  await watched.deliver("other", requests({ fallbacks: 20 }));
  await until(
    watched,
    "demo",
    () => requests({ fallbacks: 1 }),
    () => kindsOf(notices).length > 0,
  );
  expect(notices.filter(({ kind }) => kind === "misfit-began")).toMatchObject([{ environment: "demo" }]);
  await ask("DELETE /demo");
  await ask("POST ", { body: { name: "demo", clientIpResolutionConfig: headerIndex(-2) } });
  expect(await openMisfitOf(watched)).toBeUndefined();
});

test("events that cannot be read are told of", async () => {
  const watched = await openWatched({ eventQuestionTimeoutMs: 0 });
  await watched.ask("POST ", { body: { name: "demo" } });
  await watched.deliver("demo", requests());
  const failures = () => watched.notices.filter(({ kind }) => kind === "fit-look-failed");
  await vi.waitFor(() => expect(failures()).toMatchObject([{ environment: "demo" }]), PATIENT);
});
