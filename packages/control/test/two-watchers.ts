import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TrafficEvent } from "@wherefrom/model";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { PATIENT } from "../../../tools/patience.ts";
import type { ControlNotice } from "../src/notice.ts";
import { CLICKHOUSE_TEST_PASSWORD, type ClickhouseServer, openClickhouseServer } from "./clickhouse-server.ts";
import { headerIndex, type Json, temporaryFolder } from "./control-under-test.ts";
import { eventOf } from "./event-store-contract.ts";

const PROGRAM = fileURLToPath(new URL("watching-control.mjs", import.meta.url));
const ENVIRONMENT = "/v1/organizations/local/environments/demo";
const FLOODER = "192.0.2.9";
/** On a busy machine the database may take long: that is no part of this. */
const SLOW = { databaseConnectTimeoutMs: 30_000, databaseTimeoutMs: 30_000 };
const LIMITS = { fitLookMs: 150, abuseLookMs: 150, maxAbuseClients: 15, maxPublishWaitMs: 1, ...SLOW };

/** A control in a process of its own, with all that it told. */
type Watcher = { readonly process: ChildProcess; readonly url: string; readonly token: string; readonly notices: readonly ControlNotice[] };

async function startWatcher(options: object): Promise<Watcher> {
  const env = { ...process.env, CLICKHOUSE_PASSWORD: CLICKHOUSE_TEST_PASSWORD };
  const child = fork(PROGRAM, [JSON.stringify({ ...options, limits: LIMITS })], { env, stdio: ["ignore", "ignore", "inherit", "ipc"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const notices: ControlNotice[] = [];
  child.on("message", (message: Json) => message.notice !== undefined && notices.push(message.notice));
  const started = await new Promise<Json>((resolve, reject) => {
    child.on("message", (message: Json) => message.url !== undefined && resolve(message));
    child.once("exit", () => reject(new Error("Expected control to start, it ended")));
  });
  return { process: child, url: started.url, token: started.token, notices };
}

async function kill({ process: child }: Watcher): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

async function ask({ url, token }: Watcher, line: string, body?: object | string): Promise<Json> {
  const [method = "", path = ""] = line.split(" ");
  const type = typeof body === "string" ? "application/x-ndjson" : "application/json";
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": type },
    body: body === undefined || typeof body === "string" ? (body ?? null) : JSON.stringify(body),
  });
  expect([line, answer.status]).toEqual([line, 200]);
  return answer.json();
}

let batches = 0;
/** What gateways would deliver: a flood among some clients, all of it by the fallback or by none. */
function deliver(to: Watcher, { revision, isFallback }: { readonly revision: number; readonly isFallback: boolean }): Promise<Json> {
  batches += 1;
  const outcome: Partial<TrafficEvent> = isFallback ? { outcome: "fallback", reason: "header-absent" } : { outcome: "resolved" };
  const events = Array.from({ length: 100 }, (_, index) =>
    eventOf({
      ...outcome,
      organization: "local",
      environment: "demo",
      time: Date.now(),
      revision,
      trust: "verified",
      resolvedIp: index % 5 === 0 ? `203.0.113.${index}` : FLOODER,
      xForwardedFor: `203.0.113.${index}`,
    }),
  );
  const id = `001764000000000-0a1b2c3d-${String(batches).padStart(8, "0")}-${events.length}`;
  const lines = events.map((event) => JSON.stringify(event)).join("\n");
  return ask(to, `POST ${ENVIRONMENT}/gateways/edge:deliverEvents?batchId=${id}`, `${lines}\n`);
}

/** Of some controls: how often each kind was told. */
function countsOf(...watchers: readonly Watcher[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { kind } of watchers.flatMap(({ notices }) => notices)) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** What is seen in the database may be there a moment before it is told. */
function untilTold(watchers: readonly Watcher[], counts: Readonly<Record<string, number>>): Promise<void> {
  return vi.waitFor(() => expect(countsOf(...watchers)).toMatchObject(counts), PATIENT);
}

/** What two control processes over one PostgreSQL and one ClickHouse keep to. */
export function describeTwoWatchers(databaseOf: () => Promise<string>): void {
  let events: ClickhouseServer;
  beforeAll(async () => {
    events = await openClickhouseServer();
  });
  afterAll(() => events.stop());

  test("what both see is told once, goes on when either is killed, and is not told again at each look", async () => {
    const snapshotKey = { file: join(await temporaryFolder(), "key.pem") };
    const options = { database: await databaseOf(), analytics: await events.database(), snapshotKey };
    const [first, second] = [await startWatcher(options), await startWatcher(options)];
    // a window of a minute is looked at twice a second
    const abuseDetection = { minClients: 5, flooder: { windowMinutes: 1, minAmount: 50 }, staticContentScraper: { enabled: false } };
    await ask(first, `POST ${ENVIRONMENT.replace("/demo", "")}`, {
      name: "demo",
      clientIpResolutionConfig: headerIndex(-2),
      abuseDetection,
    });
    const incidentOf = async (watcher: Watcher): Promise<Json> =>
      (await ask(watcher, `GET ${ENVIRONMENT}/securityIncidents`)).securityIncidents.find(({ client }: Json) => client === `${FLOODER}/32`);
    const misfitOf = async (watcher: Watcher): Promise<Json> => (await ask(watcher, `GET ${ENVIRONMENT}:fit`)).openMisfit;

    /** Goes on with traffic to some controls until both was looked for so many times: each look changes when it was seen last. */
    const looks = async (asked: Watcher, { times, to, revision, isFallback }: Looks): Promise<void> => {
      const seen = new Set<string>();
      await vi.waitFor(async () => {
        for (const watcher of to) await deliver(watcher, { revision, isFallback });
        const { lastDetectedTime } = (await incidentOf(asked)) ?? {};
        if (lastDetectedTime !== undefined) seen.add(lastDetectedTime);
        expect(seen.size).toBeGreaterThan(times);
        expect((await misfitOf(asked)) !== undefined).toBe(isFallback);
      }, PATIENT);
    };
    const bad = { revision: 1, isFallback: true };

    await looks(second, { times: 2, to: [first, second], ...bad });
    const told = { "incidents-begun": 1, "misfit-began": 1 };
    await untilTold([first, second], told);
    const [incident, misfit] = [await incidentOf(first), await misfitOf(first)];

    const [teller, survivor] = first.notices.some(({ kind }) => kind === "abuse-clients-left-out") ? [first, second] : [second, first];
    await kill(teller);
    await looks(survivor, { times: 1, to: [survivor], ...bad });
    expect((await incidentOf(survivor)).name).toBe(incident.name);
    expect((await misfitOf(survivor)).since).toBe(misfit.since);
    await untilTold([teller, survivor], told);
    // both tell it when a look takes so long on a busy machine that the other has its turn
    for (const watcher of [teller, survivor]) await untilTold([watcher], { "abuse-clients-left-out": 1 });

    const third = await startWatcher(options);
    await kill(survivor);
    await ask(third, `PATCH ${ENVIRONMENT}`, { clientIpResolutionConfig: headerIndex(-1) });
    await looks(third, { times: 1, to: [third], revision: 2, isFallback: false });
    expect((await incidentOf(third)).name).toBe(incident.name);
    await untilTold([third], { "misfit-ended": 1, "abuse-clients-left-out": 1 });
    expect(countsOf(third)["incidents-begun"]).toBeUndefined();
  });
}

type Looks = { readonly times: number; readonly to: readonly Watcher[]; readonly revision: number; readonly isFallback: boolean };
