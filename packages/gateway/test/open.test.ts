import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileSource, type GatewayError, type GatewayOptions, type Notice, openGateway } from "@wherefrom/gateway";
import { makeRangeList, openRangesFolder } from "@wherefrom/model";
import { afterAll, expect, test } from "vitest";
import { handSource, openTestGateway, portOf, snapshotOf, unhurried } from "./rig/gateway.ts";
import { openTarget } from "./rig/target.ts";
import { ask } from "./rig/wire.ts";

const folder = mkdtempSync(join(tmpdir(), "wherefrom-gateway-"));

afterAll(() => rmSync(folder, { recursive: true }));

const listeners = [{ port: 0 }];
const good = snapshotOf([{ target: "http://127.0.0.1:1" }]);

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function failure(options: GatewayOptions): Promise<GatewayError> {
  return openGateway(options).then(
    () => expect.fail("It opened"),
    (error) => error,
  );
}

const refusals: readonly { readonly what: string; readonly options: () => GatewayOptions; readonly code: string; readonly says: RegExp }[] =
  [
    {
      what: "an address of another machine",
      options: () => ({ listeners: [{ host: "192.0.2.1", port: 0 }], source: handSource(good) }),
      code: "GATEWAY_ADDRESS_UNAVAILABLE",
      says: /192\.0\.2\.1/,
    },
    {
      what: "an unknown limit",
      options: () => ({ listeners, source: handSource(good), limits: { nope: 1 } as object }),
      code: "GATEWAY_LIMIT_INVALID",
      says: /nope/,
    },
    {
      what: "a limit of 0",
      options: () => ({ listeners, source: handSource(good), limits: { maxHeaderFields: 0 } }),
      code: "GATEWAY_LIMIT_INVALID",
      says: /maxHeaderFields.*received 0/,
    },
    {
      what: "a limit that no timer can count",
      options: () => ({ listeners, source: handSource(good), limits: { bodyTimeoutMs: 2 ** 31 } }),
      code: "GATEWAY_LIMIT_INVALID",
      says: /bodyTimeoutMs/,
    },
    {
      what: "a header that may take longer than its request",
      options: () => ({ listeners, source: handSource(good), limits: { requestTimeoutMs: 5 } }),
      code: "GATEWAY_LIMIT_INVALID",
      says: /headersTimeoutMs/,
    },
    {
      what: "no listener",
      options: () => ({ listeners: [], source: handSource(good) }),
      code: "GATEWAY_LISTENER_INVALID",
      says: /at least one/,
    },
    {
      what: "two faulty listeners", // all faults at once
      options: () => ({ listeners: [{ port: 1, unix: "x" }, { port: 65_536 }], source: handSource(good) }),
      code: "GATEWAY_LISTENER_INVALID",
      says: /\/0: .*exactly one.*\/1\/port: Expected a port/,
    },
    {
      what: "no file",
      options: () => ({ listeners, source: fileSource(join(folder, "none.json")) }),
      code: "GATEWAY_SNAPSHOT_UNREADABLE",
      says: /none\.json.*ENOENT/,
    },
    {
      what: "a file without JSON",
      options: () => ({ listeners, source: fileSource(file("text.json", "{")) }),
      code: "GATEWAY_SNAPSHOT_UNREADABLE",
      says: /text\.json/,
    },
    {
      what: "a file with another shape",
      options: () => ({ listeners, source: fileSource(file("shape.json", "{}")) }),
      code: "GATEWAY_SNAPSHOT_INVALID",
      says: /\/organization.*\/routes/,
    },
    {
      what: "a source that has nothing valid in time",
      options: () => ({ listeners, source: handSource({}), limits: { firstSnapshotTimeoutMs: 20 } }),
      code: "GATEWAY_SNAPSHOT_MISSING",
      says: /20 ms.*\/revision/,
    },
  ];

test.each(refusals)("$what: $code, in one line", async ({ options, code, says }) => {
  const error = await failure(options());
  expect(error.code).toBe(code);
  expect(error.message).toMatch(says);
  expect(error.message).not.toMatch(/\n/);
});

test("a port in use: GATEWAY_PORT_IN_USE with the port and the way out", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;
  const error = await failure({ listeners: [{ host: "127.0.0.1", port }], source: handSource(good) });
  expect([error.code, error.message]).toEqual([
    "GATEWAY_PORT_IN_USE",
    `Cannot listen on 127.0.0.1 port ${port}: the port is in use: stop the program that has it, or choose another port`,
  ]);
  await new Promise((resolve) => other.close(resolve));
});

test("it tells the port that it took, on IPv6 too", async () => {
  const gateway = await openGateway({ listeners: [{ host: "::1", port: 0 }], source: handSource(good) });
  const [place] = gateway.listeners;
  expect(place).toMatchObject({ kind: "tcp", host: "::1", port: expect.any(Number) });
  expect(gateway.url).toBe(`http://[::1]:${portOf(gateway)}`);
  expect(gateway.revision()).toBe(1);
  await gateway.close();
});

test("a file is read again on refresh; a faulty one is refused and the running one goes on", async () => {
  const path = file("snapshot.json", JSON.stringify(good));
  const source = fileSource(path);
  const gateway = await openGateway({ listeners, source });
  writeFileSync(path, JSON.stringify({ ...good, revision: 2 }));
  expect(await source.refresh?.()).toEqual({ kind: "applied", revision: 2 });
  expect(gateway.revision()).toBe(2);
  writeFileSync(path, JSON.stringify({ ...good, revision: -1 }));
  expect(await source.refresh?.()).toMatchObject({ kind: "refused", running: 2, issues: [{ pointer: "/revision" }] });
  writeFileSync(path, "not JSON");
  await expect(source.refresh?.()).rejects.toMatchObject({ code: "GATEWAY_SNAPSHOT_UNREADABLE" });
  expect(gateway.revision()).toBe(2);
  await gateway.close();
});

test("range files go before the ranges of a snapshot file, and a broken one is told and changes nothing", async () => {
  const rangesFolder = mkdtempSync(join(folder, "ranges-"));
  const write = (name: string, texts: readonly string[]): void => {
    const made = makeRangeList({ provider: name, source: "https://edge.example/ranges", retrievedAt: "2026-11-01" }, texts);
    writeFileSync(join(rangesFolder, `${name}.json`), JSON.stringify(made.kind === "ranges" && made.list));
  };
  const target = await openTarget((request, response) => response.end(`${request.headers["x-real-ip"]};`));
  const policy = {
    trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.1", "provider:edge", "provider:mid"] },
  };
  const said = (prefix: string) => ({ source: "https://edge.example/ranges", retrievedAt: "2026-10-01", prefixes: [prefix] });
  const snapshot = {
    ...snapshotOf([{ target: target.origin }], { policy }),
    ranges: { edge: said("13.32.0.0/16"), mid: said("13.40.0.0/16") },
  };
  write("edge", ["13.33.0.0/16"]);
  const source = fileSource(file("ranged.json", JSON.stringify(snapshot)), { ranges: await openRangesFolder(rangesFolder, new Map()) });
  const notices: Notice[] = [];
  const gateway = await openGateway({ listeners, source, limits: unhurried, onNotice: (notice) => void notices.push(notice) });
  const clientOf = async (chain: string) => (await ask(portOf(gateway), "GET / HTTP/1.1", "Host: a", `X-Forwarded-For: ${chain}`)).body;
  expect(await clientOf("192.0.2.1, 13.33.0.9, 13.40.0.9")).toContain("192.0.2.1;");
  expect(await clientOf("192.0.2.1, 13.32.0.9")).toContain("13.32.0.9;");
  write("edge", ["13.32.0.0/16", "13.33.0.0/16"]);
  expect(await source.refresh?.()).toEqual({ kind: "applied", revision: 1 });
  expect(await clientOf("192.0.2.1, 13.32.0.9")).toContain("192.0.2.1;");
  writeFileSync(join(rangesFolder, "edge.json"), "{");
  expect(await source.refresh?.()).toEqual({ kind: "applied", revision: 1 });
  expect(await clientOf("192.0.2.1, 13.32.0.9")).toContain("192.0.2.1;");
  expect(notices.map(({ code }) => code)).toEqual(["SNAPSHOT_APPLIED", "RANGES_REFUSED"]);
  await gateway.close();
  await target.close();
});

test("a listener that throws loses its record and notice, and nothing else", async () => {
  const target = await openTarget();
  const gateway = await openTestGateway(snapshotOf([{ target: target.origin }]), {
    onExchange: () => {
      throw new Error("full");
    },
    onNotice: () => {
      throw new Error("full too");
    },
  });
  expect((await ask(gateway.port, "GET / HTTP/1.1", "Host: a")).status).toBe(200);
  expect((await ask(gateway.port, "GET / HTTP/1.1", "Host: a")).status).toBe(200);
  await gateway.close();
  await target.close();
});
