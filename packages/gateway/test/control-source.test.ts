import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type ControlSourceOptions, controlSource, type Gateway, type GatewayError, type Notice, openGateway } from "@wherefrom/gateway";
import type { GatewayReport } from "@wherefrom/model";
import { afterEach, expect, test } from "vitest";
import { NEVER_MS } from "../../../tools/patience.ts";
import { snapshotOf, unhurried } from "./rig/gateway.ts";
import { until } from "./rig/wire.ts";

const PATH = "/v1/organizations/local/environments/demo";

/** `silent`: only its header comes. `held`: not even that. `stuck`: what it begins with, and nothing after that. */
type Ways = { stream?: "yes" | "no" | "silent" | "held" | "stuck"; clockAheadMs?: number };

/** A control plane small enough to see through: it speaks the publication protocol and writes down what it is told. */
class TinyControl {
  readonly reports: { readonly path: string; readonly report: GatewayReport }[] = [];
  readonly asked: { readonly url: string; readonly accept: string | undefined; readonly etag: string | undefined }[] = [];
  ways: Ways;
  readonly #streams = new Set<ServerResponse>();
  readonly #polls = new Set<() => void>();
  #server: Server | undefined;
  #snapshot: { readonly revision?: number } | undefined;
  #port = 0;

  constructor(ways: Ways = {}) {
    this.ways = ways;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async open(): Promise<this> {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    await new Promise<void>((resolve) => this.#server?.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve) ?? resolve(undefined));
    this.#streams.clear();
  }

  publish(snapshot: object): void {
    this.#snapshot = snapshot;
    for (const stream of this.#streams) stream.write(this.#event());
    for (const poll of this.#polls) poll();
  }

  #event(): string {
    const lines = JSON.stringify(this.#snapshot, undefined, 1).split("\n");
    return `: a comment\r\nevent: snapshot\nid: ${this.#etag()}\n${lines.map((line) => `data: ${line}\n`).join("")}\n`;
  }

  #etag(): string {
    return `"r${this.#snapshot?.revision}"`;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === "PUT") return this.#takeReport(request, response);
    this.asked.push({ url: request.url ?? "", accept: request.headers.accept, etag: request.headers["if-none-match"] });
    if (this.#snapshot === undefined) return void response.writeHead(404).end("{}");
    if (request.headers.accept === "text/event-stream" && this.ways.stream !== "no") return this.#stream(response);
    if (request.headers["if-none-match"] === this.#etag()) {
      const waitMs = Number(new URL(request.url ?? "", this.url).searchParams.get("waitMs"));
      await Promise.race([new Promise<void>((resolve) => this.#polls.add(resolve)), sleep(waitMs, undefined, { ref: false })]);
      this.#polls.clear();
      if (request.headers["if-none-match"] === this.#etag()) return void response.writeHead(304).end();
    }
    response.writeHead(200, { etag: this.#etag(), "content-type": "application/json" }).end(JSON.stringify(this.#snapshot));
  }

  #stream(response: ServerResponse): void {
    if (this.ways.stream === "held") return;
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
    response.flushHeaders();
    if (this.ways.stream === "silent") return;
    response.write(this.#event());
    if (this.ways.stream === "stuck") return;
    this.#streams.add(response);
    response.once("close", () => this.#streams.delete(response));
  }

  async #takeReport(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const chunk of request) text += chunk;
    this.reports.push({ path: request.url ?? "", report: JSON.parse(text) });
    response.setHeader("date", new Date(Date.now() + (this.ways.clockAheadMs ?? 0)).toUTCString());
    response.end("{}");
  }
}

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

function own<T extends { close(): Promise<void> }>(thing: T): T {
  open.push(thing);
  return thing;
}

/** Pauses are short. What is on its way comes, however late, unless a test says otherwise. */
const hasty = {
  ...{ minReconnectMs: 5, maxReconnectMs: 20, minPollIntervalMs: 5 },
  ...{ firstEventTimeoutMs: NEVER_MS, silenceTimeoutMs: NEVER_MS, requestTimeoutMs: NEVER_MS },
};
/** For a stream whose first event never comes. */
const impatient = { ...hasty, firstEventTimeoutMs: 50 };

async function follow(control: TinyControl, options: Partial<ControlSourceOptions> = {}): Promise<{ gateway: Gateway; notices: Notice[] }> {
  const notices: Notice[] = [];
  const source = controlSource({
    url: control.url,
    organization: "local",
    environment: "demo",
    gatewayId: "gw 1",
    timing: hasty,
    ...options,
  });
  const gateway = own(
    await openGateway({ listeners: [{ port: 0 }], source, limits: unhurried, onNotice: (notice) => notices.push(notice) }),
  );
  return { gateway, notices };
}

const revision = (number: number) => snapshotOf([{ target: "http://127.0.0.1:1" }], { revision: number });
const codes = (notices: readonly Notice[]) => notices.map((notice) => notice.code);

const ways = [
  { what: "by the event stream", ways: {}, timing: hasty, notice: "CONTROL_CONNECTED" },
  { what: "by polling, where there is no stream", ways: { stream: "no" } as const, timing: hasty, notice: "CONTROL_POLLING" },
  {
    what: "by polling, where the stream does not come through",
    ways: { stream: "silent" } as const,
    timing: impatient,
    notice: "CONTROL_POLLING",
  },
];

const hindered = [
  {
    what: "by polling, where not even the stream's header comes through",
    ways: { stream: "held" },
    timing: { ...hasty, requestTimeoutMs: 500 },
  },
  { what: "by polling, where the stream falls silent", ways: { stream: "stuck" }, timing: { ...hasty, silenceTimeoutMs: 100 } },
].map((row) => ({ ...row, ways: row.ways as Ways, notice: "CONTROL_POLLING" }));

test.each([...ways, ...hindered])("it follows control $what, and reports what it runs", async (row) => {
  const { ways: how, notice, timing } = row;
  const control = own(await new TinyControl(how).open());
  control.publish(revision(1));
  const { gateway, notices } = await follow(control, { timing });
  expect(gateway.revision()).toBe(1);
  for (const number of [2, 3, 4]) {
    control.publish(revision(number));
    await until(() => gateway.revision() === number && control.reports.at(-1)?.report.revision === number);
  }
  expect(control.reports.at(-1)).toEqual({ path: `${PATH}/gateways/gw%201`, report: expect.objectContaining({ revision: 4 }) });
  expect(codes(notices)).toContain(notice);
  expect(control.asked[0]).toMatchObject({ url: `${PATH}/snapshot?gatewayId=gw%201`, accept: "text/event-stream" });
});

test("a clock that is not control's is told, once until it was right in between", async () => {
  const control = own(await new TinyControl().open());
  control.publish(revision(1));
  const { notices } = await follow(control);
  let number = 1;
  const told = async (clockAheadMs: number): Promise<readonly string[]> => {
    control.ways = { clockAheadMs };
    notices.length = 0;
    // the answer to the first report has been read when the second is sent
    for (const _report of [1, 2]) {
      number += 1;
      control.publish(revision(number));
      await until(() => control.reports.at(-1)?.report.revision === number);
    }
    return notices.flatMap(({ code, message }) => (code === "CONTROL_CLOCK_APART" ? [message.replaceAll(/\d+/g, "n")] : []));
  };
  const wordsOf = (side: string, when: string) => [
    `The clock of this machine is n s ${side} control's: security actions that expire do so that much too ${when} here. Keep both clocks right`,
  ];
  expect(await told(4_000)).toEqual([]);
  expect(await told(-3_600_000)).toEqual(wordsOf("ahead of", "early"));
  expect(await told(3_600_000)).toEqual([]);
  expect(await told(0)).toEqual([]);
  expect(await told(3_600_000)).toEqual(wordsOf("behind", "late"));
});

test("it goes back to the event stream when that comes through again", async () => {
  const control = own(await new TinyControl({ stream: "silent" }).open());
  control.publish(revision(1));
  const { notices } = await follow(control, { timing: { ...impatient, pollWaitMs: 20, minStreamRetryMs: 30, maxStreamRetryMs: 30 } });
  control.ways = {};
  control.publish(revision(2));
  await until(() => codes(notices).includes("CONTROL_CONNECTED"));
  expect(codes(notices).filter((code) => code.startsWith("CONTROL_"))).toEqual(["CONTROL_POLLING", "CONTROL_CONNECTED"]);
});

test("a poll names what it has and how long it waits", async () => {
  const control = own(await new TinyControl({ stream: "no" }).open());
  control.publish(revision(1));
  await follow(control);
  await until(() => control.asked.length === 3);
  expect(control.asked[2]).toEqual({ url: `${PATH}/snapshot?waitMs=25000&gatewayId=gw%201`, accept: "application/json", etag: '"r1"' });
});

test.each(ways)("$what: a refused snapshot is reported with its faults, and the running one goes on", async ({ ways: how, timing }) => {
  const control = own(await new TinyControl(how).open());
  control.publish(revision(1));
  const { gateway } = await follow(control, { timing });
  control.publish({ ...revision(2), clientIpResolutionConfig: { nope: 1 } });
  await until(() => control.reports.at(-1)?.report.refused !== undefined);
  expect(control.reports.at(-1)?.report).toMatchObject({
    revision: 1,
    refused: { revision: 2, issues: [{ pointer: "/clientIpResolutionConfig/nope" }] },
  });
  expect(gateway.revision()).toBe(1);
  control.publish(revision(3));
  await until(() => gateway.revision() === 3);
});

test.each(ways)("$what: control goes away and comes back; the gateway never stops", async ({ ways: how, timing }) => {
  const control = await new TinyControl(how).open();
  own({ close: () => control.close() });
  control.publish(revision(1));
  const { gateway, notices } = await follow(control, { timing });
  await control.close();
  await until(() => codes(notices).includes("CONTROL_LOST"));
  expect(gateway.revision()).toBe(1);
  control.publish(revision(5));
  await control.open();
  await until(() => gateway.revision() === 5);
  expect(codes(notices).filter((code) => code === "CONTROL_LOST")).toHaveLength(1);
});

test("it reports again and again how it does under the revision, and under the one before", async () => {
  const control = own(await new TinyControl().open());
  const policy = { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: -1 } };
  const snapshot = (number: number) => snapshotOf([], { revision: number, policy });
  control.publish(snapshot(1));
  const { gateway } = await follow(control, { timing: { ...hasty, reportIntervalMs: 5 } });
  await fetch(gateway.url);
  await fetch(gateway.url, { headers: { "x-forwarded-for": "192.0.2.1" } });
  await until(() => control.reports.at(-1)?.report.requests === 2);
  const counts = { requests: 2, fallbacks: { "header-absent": 1 } };
  expect(control.reports.at(-1)?.report).toMatchObject({
    revision: 1,
    version: expect.any(String),
    servedForMs: expect.any(Number),
    ...counts,
  });
  // A ban is a new revision of the same policy: what was counted stays.
  const banned = {
    ...snapshot(2),
    securityActions: [{ name: "ban", state: "ENABLED", conditionConfig: { httpMethods: ["PUT"] }, deny: {} }],
  };
  control.publish(banned);
  await until(() => control.reports.at(-1)?.report.revision === 2);
  expect(control.reports.at(-1)?.report).toMatchObject(counts);
  expect(control.reports.at(-1)?.report).not.toHaveProperty("before");
  control.publish({ ...banned, revision: 3, clientIpResolutionConfig: { peerAddressAlgorithm: {} } });
  await until(() => control.reports.at(-1)?.report.revision === 3);
  expect(control.reports.at(-1)?.report).toMatchObject({ requests: 0, fallbacks: {}, before: { revision: 2, ...counts } });
});

test("of two nodes it follows the other one when one is lost, and control is away only when both are", async () => {
  const [first, second] = [own(await new TinyControl().open()), own(await new TinyControl().open())];
  for (const node of [first, second]) node.publish(revision(1));
  const { gateway, notices } = await follow(first, { url: `${first.url},${second.url}` });
  expect(second.asked).toEqual([]);
  await first.close();
  second.publish(revision(2));
  await until(() => gateway.revision() === 2);
  await until(() => second.reports.some(({ report }) => report.revision === 2));
  expect(codes(notices)).not.toContain("CONTROL_LOST");
  await second.close();
  await until(() => codes(notices).includes("CONTROL_LOST"));
  await first.open();
  first.publish(revision(3));
  await until(() => gateway.revision() === 3);
});

test("it waits for an environment that does not exist yet", async () => {
  const control = own(await new TinyControl().open());
  const following = follow(control);
  await until(() => control.asked.length > 2);
  control.publish(revision(9));
  expect((await following).gateway.revision()).toBe(9);
});

test("without control there is no gateway: GATEWAY_SNAPSHOT_MISSING", async () => {
  const source = controlSource({ url: "http://127.0.0.1:1", organization: "local", environment: "demo", gatewayId: "g", timing: hasty });
  const opening = openGateway({ listeners: [{ port: 0 }], source, limits: { firstSnapshotTimeoutMs: 50 } });
  await expect(opening).rejects.toMatchObject({ code: "GATEWAY_SNAPSHOT_MISSING" });
});

test.each(["", "control", "http://127.0.0.1:1,", "http://127.0.0.1:1,control", "ftp://control", "127.0.0.1:8081"])(
  "«%s» is no URL of control",
  (url) => {
    const attempt = (): unknown => controlSource({ url, organization: "local", environment: "demo", gatewayId: "g" });
    expect(attempt).toThrowError(expect.objectContaining<Partial<GatewayError>>({ code: "GATEWAY_CONTROL_URL_INVALID" }));
  },
);
