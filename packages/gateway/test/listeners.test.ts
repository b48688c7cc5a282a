import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ExchangeRecord, type GatewayError, type GatewayOptions, openGateway, readGatewayFile } from "@wherefrom/gateway";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { handSource, openTestGateway, portOf, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { leaveSocketFile } from "./rig/socket-file.ts";
import { linesOf, openTarget, type Target } from "./rig/target.ts";
import { ask, converse } from "./rig/wire.ts";

/** A condition is waited for as long as a test may take: the machine may be busy. */

const folder = mkdtempSync(join(tmpdir(), "wherefrom-listeners-"));
const open: TestGateway[] = [];
let target: Target;

beforeAll(async () => {
  target = await openTarget();
});
afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.close();
});
afterAll(async () => {
  await target.close();
  rmSync(folder, { recursive: true });
});

const walk = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["unix:"] }, fallback: "REJECT" };

async function openWith(options: Partial<GatewayOptions>, policy: object = walk): Promise<TestGateway> {
  const gateway = await openTestGateway(snapshotOf([{ target: target.origin }], { policy }), options);
  open.push(gateway);
  return gateway;
}

/** The forwarding header that the target got. */
const lastForwardedFor = (): string[] => linesOf(target.received.at(-1) ?? { fields: [] }, "x-forwarded-for");

function askUnix(path: string, client = "192.0.2.7"): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: path, path: "/", headers: { host: "a", "x-forwarded-for": client } }, (response) => {
      response.resume().once("end", () => resolve(response.statusCode ?? 0));
    });
    asked.once("error", reject).end();
  });
}

test("every listener of a gateway serves by the same snapshot and counts against the same limits", async () => {
  const path = join(folder, "several.sock");
  const gateway = await openWith({ listeners: [{ port: 0 }, { host: "::1", port: 0 }, { unix: path }], limits: { maxConnections: 1 } });
  expect(gateway.listeners.map((place) => place.kind)).toEqual(["tcp", "tcp", "unix"]);
  expect(gateway.url).toBe(`http://127.0.0.1:${gateway.port}`);
  expect(portOf(gateway, 1)).not.toBe(gateway.port);
  const held = await converse(gateway.port);
  held.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await held.readUntil(/200 OK/);
  await expect(askUnix(path)).rejects.toMatchObject({ code: expect.stringMatching(/ECONNRESET|EPIPE/) });
  held.socket.destroy();
  await expect.poll(() => askUnix(path).catch(() => 0)).toBe(200);
});

test("a client over IPv4 has one address, also where a listener takes IPv6 too", async () => {
  const records: ExchangeRecord[] = [];
  const policy = { peerAddressAlgorithm: {} };
  // Bound to one address and not to all of them, Node's sockets are the same as on `::`.
  const listeners = [{ host: "::ffff:127.0.0.1", port: 0 }];
  const gateway = await openWith({ listeners, onExchange: (record) => void records.push(record) }, policy);
  expect((await ask(gateway.port, "GET / HTTP/1.1", "Host: a")).status).toBe(200);
  await expect.poll(() => records).toMatchObject([{ peer: "127.0.0.1", resolution: { ip: "127.0.0.1" } }]);
});

test("a listener that cannot be had leaves none of the others open", async () => {
  const path = join(folder, "left.sock");
  const other = await openWith({});
  const opening = openGateway({ listeners: [{ unix: path }, { port: other.port }], source: handSource(snapshotOf([])) });
  await expect(opening).rejects.toMatchObject({ code: "GATEWAY_PORT_IN_USE" });
  expect(existsSync(path)).toBe(false);
});

describe("a unix socket", () => {
  test("has no peer: its headers count where the policy trusts unix:", async () => {
    const path = join(folder, "trusted.sock");
    await openWith({ listeners: [{ unix: path }] });
    expect(await askUnix(path, "192.0.2.8")).toBe(200);
    expect(lastForwardedFor()).toEqual(["192.0.2.8"]);
  });

  test("is nothing that a TCP client passes for which resets its connection before it is accepted", async () => {
    const records: ExchangeRecord[] = [];
    const { port } = await openWith({ listeners: [{ port: 0 }], onExchange: (record) => records.push(record) });
    const forged = "GET /forged HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n";
    const client = `const socket = require("node:net").connect(${port}, "127.0.0.1", () => socket.write(${JSON.stringify(forged)}, () => socket.resetAndDestroy()))`;
    // Nothing is accepted meanwhile.
    execFileSync(process.execPath, ["-e", client]);
    await ask(port, "GET /honest HTTP/1.1", "Host: a");
    await expect.poll(() => records.map(({ pathAndQuery }) => pathAndQuery)).toEqual(["/honest"]);
  });

  test("where the policy does not trust unix:, nobody is resolved", async () => {
    const path = join(folder, "untrusted.sock");
    const policy = { ...walk, trustedProxiesAlgorithm: { ...walk.trustedProxiesAlgorithm, trustedProxies: ["10.0.0.0/8"] } };
    await openWith({ listeners: [{ unix: path }] }, policy);
    expect(await askUnix(path)).toBe(400);
  });

  test("has the mode that was asked for, and is gone after close", async () => {
    const path = join(folder, "mode.sock");
    const gateway = await openWith({ listeners: [{ unix: path, mode: "0600" }] });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(gateway.listeners).toEqual([{ kind: "unix", url: `unix:${path}`, path }]);
    await open.pop()?.close();
    expect(existsSync(path)).toBe(false);
  });

  test("takes the place of a socket file that nobody listens at", async () => {
    const path = join(folder, "stale.sock");
    await leaveSocketFile(path);
    expect(existsSync(path)).toBe(true);
    await openWith({ listeners: [{ unix: path }] });
    expect(await askUnix(path)).toBe(200);
  });

  const refusals = [
    {
      what: "where somebody listens",
      code: "GATEWAY_SOCKET_IN_USE",
      prepare: async (path: string) => void (await openWith({ listeners: [{ unix: path }] })),
    },
    {
      what: "where a file is",
      code: "GATEWAY_SOCKET_IN_USE",
      prepare: async (path: string) => writeFileSync(path, "precious"),
    },
    {
      what: "in a folder that does not exist",
      code: "GATEWAY_SOCKET_DENIED",
      prepare: async () => undefined,
      inside: "none",
      says: "its folder does not exist: make it, or choose another path",
    },
  ];
  test.each(refusals)("$what is refused and left alone: $code", async ({ code, prepare, inside = "", says = "" }) => {
    const path = join(folder, inside, "refused.sock");
    await prepare(path);
    const error: GatewayError = await openGateway({ listeners: [{ unix: path }], source: handSource(snapshotOf([])) }).catch((e) => e);
    expect(error.code).toBe(code);
    expect(error.message).toContain(path);
    expect(error.message).toContain(says);
    expect(existsSync(path)).toBe(inside === "");
    rmSync(path, { force: true });
  });
});

describe("the gateway file", () => {
  function file(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }

  test("opens the listeners that it names, by its limits", async () => {
    const path = join(folder, "file.sock");
    const config = { listeners: [{ port: 0 }, { unix: path }], limits: { maxHeaderFields: 3 } };
    const gateway = await openWith(await readGatewayFile(file("good.json", JSON.stringify(config))));
    expect((await ask(gateway.port, "GET / HTTP/1.1", "Host: a", "A: 1", "B: 2")).status).toBe(431);
    expect(await askUnix(path)).toBe(200);
  });

  const faults = [
    { what: "nothing in it", text: "{}", issues: ["/listeners"] },
    {
      what: "faults in several sections", // all at once
      text: JSON.stringify({ listeners: [{ port: "80" }, {}], limits: { maxConnections: 0, nope: 1 }, extra: true }),
      issues: ["/listeners/0/port", "/listeners/1", "/limits/maxConnections", "/limits/nope", "/extra"],
    },
    { what: "a host beside a unix socket", text: '{"listeners":[{"unix":"a","host":"::1"}]}', issues: ["/listeners/0/host"] },
    { what: "a mode beside a port", text: '{"listeners":[{"port":0,"mode":"0600"}]}', issues: ["/listeners/0/mode"] },
    { what: "a mode that is not octal", text: '{"listeners":[{"unix":"a","mode":"rw"}]}', issues: ["/listeners/0/mode"] },
    { what: "a path that is too long", text: JSON.stringify({ listeners: [{ unix: "x".repeat(108) }] }), issues: ["/listeners/0/unix"] },
    { what: "a path with a NUL", text: '{"listeners":[{"unix":"\\u0000abstract"}]}', issues: ["/listeners/0/unix"] },
    { what: "a port twice", text: '{"listeners":[{"port":1},{"port":2},{"host":"127.0.0.1","port":1}]}', issues: ["/listeners/2"] },
    {
      what: "a port for IPv4 and for both",
      text: '{"listeners":[{"host":"0.0.0.0","port":1},{"host":"::","port":1}]}',
      issues: ["/listeners/1"],
    },
    { what: "a socket twice", text: '{"listeners":[{"unix":"a"},{"unix":"a"}]}', issues: ["/listeners/1"] },
    {
      what: "a header that may take longer than its request",
      text: '{"listeners":[{"port":0}],"limits":{"requestTimeoutMs":5}}',
      issues: ["/limits/headersTimeoutMs"],
    },
  ];
  test.each(faults)("$what: GATEWAY_FILE_INVALID", async ({ text, issues }) => {
    const error: GatewayError = await readGatewayFile(file("faulty.json", text)).then(
      () => expect.fail("It was taken"),
      (e) => e,
    );
    expect(error.code).toBe("GATEWAY_FILE_INVALID");
    expect(error.issues.map((issue) => issue.pointer).toSorted()).toEqual(issues.toSorted());
  });

  test("what is no JSON is told by line and column", async () => {
    const message = expect.stringMatching(/\(line 2 column 3\)$/);
    await expect(readGatewayFile(file("line.json", '\uFEFF{ "listeners": [{}, {}]\n  "a" }'))).rejects.toMatchObject({ message });
  });

  test("a wrong type is told in plain words", async () => {
    const wrong = { listeners: [{ port: 0, host: 5, tls: {} }], snapshotCache: 1, accessLog: [] };
    const error: GatewayError = await readGatewayFile(file("types.json", JSON.stringify(wrong))).catch((e) => e);
    expect(error.issues.map(({ message }) => message)).toEqual([
      "/listeners/0/host: Expected a text, received 5",
      "/listeners/0/tls/certFile: Expected a text, received nothing",
      "/listeners/0/tls/keyFile: Expected a text, received nothing",
      "/accessLog: Expected an object, received []",
      "/snapshotCache: Expected a text, received 1",
    ]);
    expect(error.message).toBe(`${error.headline}: ${error.issues.map(({ message }) => message).join("; ")}`);
  });

  test.each([
    { what: "no file", path: () => join(folder, "none.json") },
    { what: "no JSON", path: () => file("text.json", "{") },
    { what: "a folder", path: () => folder },
  ])("$what: GATEWAY_FILE_UNREADABLE", async ({ path }) => {
    await expect(readGatewayFile(path())).rejects.toMatchObject({
      code: "GATEWAY_FILE_UNREADABLE",
      message: expect.stringContaining(path()),
    });
  });
});
