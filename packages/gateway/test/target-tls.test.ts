import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createSecureServer } from "node:http2";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { makeCertificate, type TestCertificate } from "./rig/certificate.ts";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { own } from "./rig/owned.ts";
import { ask, converse, wire } from "./rig/wire.ts";

describe("TLS to a target", () => {
  // each has signed itself, and so is its own authority
  const byAddress = makeCertificate();
  const byName = makeCertificate({ name: "inner.example", withAddress: false });
  const stranger = makeCertificate({ name: "stranger.example" });
  const client = makeCertificate({ name: "gateway.example" });

  let folder: string;
  let files: { certFile: string; keyFile: string };
  const inFile = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "wherefrom-target-tls-"));
    files = { certFile: inFile("gateway.pem", client.cert), keyFile: inFile("gateway.key", client.key) };
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  type TargetParts = { readonly certificate?: TestCertificate; readonly asksClient?: boolean; readonly isHttp2?: boolean };

  /** Answers with the server name that was asked for and the client's common name. */
  async function openTlsTarget({ certificate = byAddress, asksClient = false, isHttp2 = false }: TargetParts = {}): Promise<string> {
    const options = {
      ...certificate,
      ca: client.cert,
      requestCert: asksClient,
      rejectUnauthorized: asksClient,
    };
    const server = isHttp2 ? createSecureServer(options) : createServer(options);
    server.on("request", (request, response) => {
      const socket = (isHttp2 ? request.stream.session.socket : request.socket) as TLSSocket;
      response.end(
        JSON.stringify({ version: request.httpVersion, sni: socket.servername, client: socket.getPeerCertificate().subject?.CN ?? null }),
      );
    });
    if (!isHttp2) greetWebSockets(server as Server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    own({
      async close() {
        if ("closeAllConnections" in server) server.closeAllConnections();
        server.close();
      },
    });
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  function greetWebSockets(server: Server): void {
    new WebSocketServer({ server }).on("connection", (socket) => socket.send("hello"));
  }

  async function gatewayTo(targets: readonly object[]): Promise<TestGateway> {
    const routes = targets.map((target, index) => ({ basePath: `/${index}`, targets: [target] }));
    return own(await openTestGateway(snapshotOf(routes)));
  }

  const get = async (gateway: TestGateway, path = "/0") => {
    const { status, body } = await ask(gateway.port, `GET ${path} HTTP/1.0`, "Host: a");
    const json = JSON.parse(body);
    return status === 200 ? json : `${status} ${json.error.code}`;
  };

  const rows: {
    what: string;
    tls: () => object | undefined;
    target?: () => TargetParts;
    gives: object | string;
  }[] = [
    { what: "an authority as text", tls: () => ({ ca: byAddress.cert }), gives: { sni: false, client: null } },
    { what: "an authority in a file", tls: () => ({ caFile: inFile("ca.pem", byAddress.cert) }), gives: { sni: false, client: null } },
    { what: "two authorities, one of them the right one", tls: () => ({ ca: stranger.cert + byAddress.cert }), gives: { sni: false } },
    { what: "nothing set", tls: () => undefined, gives: "502 UPSTREAM_TLS_FAILED" },
    { what: "another authority", tls: () => ({ ca: stranger.cert }), gives: "502 UPSTREAM_TLS_FAILED" },
    {
      what: "a certificate for another name",
      tls: () => ({ ca: byAddress.cert }),
      target: () => ({ certificate: byName }),
      gives: "502 UPSTREAM_TLS_FAILED",
    },
    {
      what: "the name that it is for",
      tls: () => ({ ca: byName.cert, serverName: "inner.example" }),
      target: () => ({ certificate: byName }),
      gives: { sni: "inner.example" },
    },
    {
      what: "a name that it is not for",
      tls: () => ({ ca: byName.cert, serverName: "other.example" }),
      target: () => ({ certificate: byName }),
      gives: "502 UPSTREAM_TLS_FAILED",
    },
    {
      what: "any certificate, by a setting that says so",
      tls: () => ({ insecureAcceptAnyCertificate: true }),
      target: () => ({ certificate: byName }),
      gives: { client: null },
    },
    {
      what: "a certificate of the gateway's own",
      tls: () => ({ ca: byAddress.cert, ...files }),
      target: () => ({ asksClient: true }),
      gives: { client: "gateway.example" },
    },
  ];

  describe.each([{ http2: false }, { http2: true }])("with http2 $http2", ({ http2 }) => {
    test.each(rows)("$what: $gives", async ({ tls, target, gives }) => {
      const url = await openTlsTarget({ ...target?.(), isHttp2: http2 });
      const gateway = await gatewayTo([{ url, http2, tls: tls() }]);
      const got = await get(gateway);
      if (typeof gives === "string") return expect(got).toBe(gives);
      expect(got).toMatchObject({ version: http2 ? "2.0" : "1.1", ...gives });
    });
  });

  test("a target that asks for a certificate of the gateway and gets none: 502", async () => {
    const gateway = await gatewayTo([{ url: await openTlsTarget({ asksClient: true }), tls: { ca: byAddress.cert } }]);
    expect(await get(gateway)).toMatch(/^502 UPSTREAM_(TLS_FAILED|BROKEN)$/);
  });

  test("two routes to one target share no connection unless their settings are the same", async () => {
    const url = await openTlsTarget({ asksClient: true });
    const full = { ca: byAddress.cert, ...files };
    const gateway = await gatewayTo([
      { url, tls: full },
      { url, tls: { ca: byAddress.cert } },
      { url, tls: { ...full, ca: stranger.cert } },
      { url, tls: { ...full, serverName: "other.example" } },
    ]);
    for (let round = 0; round < 2; round += 1) {
      expect(await get(gateway, "/0")).toMatchObject({ client: "gateway.example" });
      for (const path of ["/1", "/2", "/3"]) expect(await get(gateway, path)).toMatch(/^502 UPSTREAM_/);
    }
    expect(gateway.targetStates().map(({ target }) => target)).toEqual([url, url, url, url]);
  });

  test("a WebSocket is held to the same settings", async () => {
    const url = await openTlsTarget();
    const gateway = await gatewayTo([
      { url, tls: { ca: byAddress.cert } },
      { url, tls: { ca: stranger.cert } },
    ]);
    const handshake = (path: string) =>
      wire(
        `GET ${path} HTTP/1.1`,
        "Host: a",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        `Sec-WebSocket-Key: ${Buffer.alloc(16).toString("base64")}`,
      );
    const opened = await converse(gateway.port);
    opened.write(handshake("/0"));
    expect(await opened.readUntil(/hello/)).toMatch(/^HTTP\/1\.1 101 /);
    opened.socket.destroy();
    const refused = await converse(gateway.port);
    refused.write(handshake("/1"));
    expect(await refused.readUntil(/UPSTREAM/)).toMatch(/^HTTP\/1\.1 502 [\s\S]*UPSTREAM_TLS_FAILED/);
    refused.socket.destroy();
  });

  test("a body that waits for 100 Continue is held to the same settings", async () => {
    const url = await openTlsTarget();
    const gateway = await gatewayTo([
      { url, tls: { ca: byAddress.cert } },
      { url, tls: { ca: stranger.cert } },
    ]);
    for (const [path, expected] of [
      ["/0", /^HTTP\/1\.1 100 /],
      ["/1", /^HTTP\/1\.1 502 /],
    ] as const) {
      const conversation = await converse(gateway.port);
      conversation.write(wire(`PUT ${path} HTTP/1.1`, "Host: a", "Content-Length: 4", "Expect: 100-continue"));
      expect(await conversation.readUntil(/\r\n\r\n/)).toMatch(expected);
      conversation.socket.destroy();
    }
  });

  test("settings that cannot be used are refused with the snapshot, all at once, and no key is quoted", async () => {
    const gateway = await gatewayTo([{ url: await openTlsTarget(), tls: { ca: byAddress.cert } }]);
    const url = "https://127.0.0.1:1";
    const broken = byAddress.cert.replace(/\n[A-Za-z0-9+/]{64}\n/, "\nAAAA\n");
    const tls = [
      { caFile: join(folder, "absent.pem") },
      { ca: broken },
      { ca: byAddress.cert + broken },
      { caFile: files.keyFile },
      { ...files, keyFile: inFile("other.key", byName.key) },
      { certFile: files.keyFile, keyFile: files.keyFile },
      { ...files, keyFile: join(folder, "absent.key") },
      { ca: byAddress.cert },
    ];
    const offered = gateway.source.offer(
      snapshotOf([{ targets: tls.map((each, index) => ({ url: `${url}${index}`, tls: each })) }], { revision: 2 }),
    );
    expect(offered.kind).toBe("refused");
    const issues = offered.kind === "refused" ? offered.issues : [];
    expect(issues.map(({ code, pointer }) => `${code} ${pointer}`)).toEqual(
      ["0/tls/caFile", "1/tls/ca", "2/tls/ca", "3/tls/caFile", "4/tls/keyFile", "5/tls/certFile", "6/tls/keyFile"].map(
        (place) => `SNAPSHOT_TLS_UNUSABLE /routes/0/targets/${place}`,
      ),
    );
    expect(JSON.stringify(issues)).not.toContain("PRIVATE KEY");
    expect(await get(gateway)).toMatchObject({ client: null });
  });
});

const faults = [
  { target: { url: "http://a", tls: {} }, pointers: ["/tls"] },
  { target: { url: "https://a", tls: { ca: "x" } }, pointers: ["/tls/ca"] },
  { target: { url: "https://a", tls: { caFile: "relative.pem", serverName: "a b" } }, pointers: ["/tls/caFile", "/tls/serverName"] },
  { target: { url: "https://a", tls: { certFile: "/a.pem" } }, pointers: ["/tls/keyFile"] },
  { target: { url: "https://a", tls: { rejectUnauthorized: false } }, pointers: ["/tls/rejectUnauthorized"] },
  { target: { url: "https://a", socketPath: "a.sock" }, pointers: ["/socketPath"] },
];

test.each(faults)("$target is refused at $pointers", async ({ target, pointers }) => {
  const gateway = own(await openTestGateway(snapshotOf([{ target: "http://127.0.0.1:1" }])));
  const offered = gateway.source.offer(snapshotOf([{ targets: [target] }], { revision: 2 }));
  const issues = offered.kind === "refused" ? offered.issues : [];
  expect(issues.map(({ pointer }) => pointer)).toEqual(pointers.map((pointer) => `/routes/0/targets/0${pointer}`));
});
