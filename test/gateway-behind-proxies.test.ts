import { connect } from "node:net";
import { defaultLimits, type ExchangeRecord } from "@wherefrom/gateway";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestGateway, snapshotOf, type TestGateway } from "../packages/gateway/test/rig/gateway.ts";
import { linesOf, openTarget, type Target } from "../packages/gateway/test/rig/target.ts";
import { parseResponse, wire } from "../packages/gateway/test/rig/wire.ts";
import { type RunningProxy, startProxy } from "./apps/proxy.ts";
import { proxyKinds } from "./apps/proxy-kinds.ts";
import { requires } from "./requirement.ts";

// A client writes to a real proxy what it likes, and behind that one the gateway trusts the proxy. Whatever the proxy makes of it, the client is who connected to it.

const CLIENT = "127.0.0.2";
const policy = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.1"] }, fallback: "REJECT" };

/** One that writes nothing of its own into the header must not be trusted with it. */
const { "nginx, no directive": _untrustworthy, ...kinds } = proxyKinds;

const claims = "X-Forwarded-For: 6.6.6.6";
const hostile: { readonly what: string; readonly lines: readonly string[]; readonly body?: string }[] = [
  { what: "a header of one line", lines: [claims] },
  { what: "two lines", lines: [claims, "x-forwarded-for: 6.6.6.7"] },
  {
    what: "a line in each of many spellings",
    lines: [claims, "X_Forwarded_For: 6.6.6.6", "X.Forwarded.For: 6.6.6.6", "X-Forwarded_For: 6.6.6.6"],
  },
  { what: "a folded line", lines: ["X-Forwarded-For: 6.6.6.6,", " 6.6.6.7"] },
  { what: "a folded line of Connection", lines: [claims, "Connection: close,", "\tX-Forwarded-For"] },
  { what: "Connection that names the header", lines: [claims, "Connection: close, X-Forwarded-For, X_Forwarded_For, Forwarded"] },
  { what: "NBSP behind an address", lines: ["X-Forwarded-For: 6.6.6.6\u00a0"] },
  { what: "NBSP before one of the proxy's", lines: ["X-Forwarded-For: 6.6.6.6,\u00a0127.0.0.1"] },
  { what: "a quote that never closes", lines: ['X-Forwarded-For: 6.6.6.6, "127.0.0.1'] },
  { what: "a control character of eight bits", lines: ["X-Forwarded-For: 6.6.6.6, 127.0.0.1\u009b31m"] },
  { what: "a comma at the end", lines: ["X-Forwarded-For: 6.6.6.6,"] },
  { what: "2,000 commas", lines: [`X-Forwarded-For: 6.6.6.6${",".repeat(2_000)}`] },
  { what: "70 hops of the proxy", lines: [`X-Forwarded-For: 6.6.6.6, ${Array<string>(70).fill("127.0.0.1").join(", ")}`] },
  { what: "1,005 fields", lines: [claims, ...Array<string>(1_005).fill("a:1")] },
  { what: "150 fields", lines: [claims, ...Array<string>(150).fill("a:1")] },
  {
    what: "headers of others",
    lines: ["Forwarded: for=6.6.6.6", "X-Real-IP: 6.6.6.6", "CF-Connecting-IP: 6.6.6.6", "True-Client-IP: 6.6.6.6", "X-Client-IP: 6.6.6.6"],
  },
  {
    what: "a trailer",
    lines: ["Transfer-Encoding: chunked", "Trailer: X-Forwarded-For"],
    body: "2\r\nab\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n",
  },
];

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());

/** Sends bytes as the client and gives the status, 0 when there was no answer. */
function say(port: number, text: string): Promise<number> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: "127.0.0.1", localAddress: CLIENT }, () => socket.write(Buffer.from(text, "latin1")));
    socket.setTimeout(20_000, () => socket.destroy());
    socket.on("data", (chunk) => chunks.push(chunk)).on("error", () => undefined);
    socket.on("close", () => resolve(parseResponse(Buffer.concat(chunks).toString("latin1")).status));
  });
}

/** What they make of so many fields that Node would drop the last ones: lighttpd makes one field of them, the others send all on or refuse them. */
const flood: Readonly<Record<string, string>> = { lighttpd: "right", caddy: "refused 431", squid: "refused 431" };

/** Apache has as many threads here as passes through a circle take, and Varnish has a second request for a page wait for the first. */
const endsCircles = (name: string): boolean => name !== "apache" && name !== "varnish";

// each has a gateway of its own, so that all can be asked at once
describe.concurrent.each(Object.entries(kinds))("behind %s", (name, kind) => {
  const machine = requires((name.split(",")[0] ?? "") as "nginx");
  let gateway: TestGateway;
  let proxy: RunningProxy;
  const passed: ExchangeRecord[] = [];
  beforeEach(machine.check);
  beforeAll(async () => {
    if (!machine.isMet) return;
    gateway = await openTestGateway(snapshotOf([]), { onExchange: (record) => void passed.push(record) });
    proxy = await startProxy(kind, gateway.port);
    const routes = [
      { target: target.origin, basePath: "/" },
      { target: `http://127.0.0.1:${proxy.port}`, basePath: "/loop" },
    ];
    expect(gateway.source.offer(snapshotOf(routes, { policy, revision: 2 })).kind).toBe("applied");
  });
  afterAll(async () => {
    await proxy?.stop();
    await gateway?.close();
  });

  test("no client is anybody but who connected to it, no claim comes through, and a target that leads back is found out", async ({
    expect,
  }) => {
    const told: Record<string, string> = {};
    for (const [index, { what, lines, body }] of hostile.entries()) {
      const path = `/${name.replaceAll(/\W/g, "-")}/${index}`;
      const own = lines.some((line) => line.startsWith("Connection")) ? [] : ["Connection: close"];
      const head = wire(`${body === undefined ? "GET" : "POST"} ${path} HTTP/1.1`, "Host: service.example", ...own, ...lines);
      const status = await say(proxy.port, body === undefined ? head : head + body);
      const received = target.received.find(({ url }) => url === path);
      told[what] = received === undefined ? `refused ${status}` : "right";
      if (received === undefined) expect([what, status >= 400 || status === 0]).toEqual([what, true]);
      else {
        expect([what, linesOf(received, "X-Real-IP"), linesOf(received, "X-Forwarded-For")]).toEqual([what, [CLIENT], [CLIENT]]);
        expect([what, received.fields.join("\n")]).not.toEqual([what, expect.stringContaining("6.6.6.")]);
      }
    }
    // what every proxy passes on is not refused by the gateway either
    for (const what of ["a header of one line", "two lines", "headers of others"]) expect([what, told[what]]).toEqual([what, "right"]);
    expect(told["1,005 fields"]).toMatch(flood[name] ?? /^refused/);

    if (!endsCircles(name)) return;
    passed.length = 0;
    expect(await say(proxy.port, wire("GET /loop HTTP/1.1", "Host: service.example", "Connection: close"))).toBeGreaterThanOrEqual(400);
    expect(passed.length).toBeLessThanOrEqual(defaultLimits.maxGatewayPasses + 1);
  });
});
