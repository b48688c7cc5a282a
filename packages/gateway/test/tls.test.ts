import { X509Certificate } from "node:crypto";
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect, type PeerCertificate, type TLSSocket } from "node:tls";
import type { GatewayError, GatewayOptions, Notice } from "@wherefrom/gateway";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { KeptCertificate } from "../src/listen/kept-certificate.ts";
import { makeCertificate, type TestCertificate } from "./rig/certificate.ts";
import { openTestGateway, portOf, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { linesOf, openTarget, type Received, type Target } from "./rig/target.ts";
import { converse, sendRaw, until, wire } from "./rig/wire.ts";

/** A condition is waited for as long as a test may take: the machine may be busy. */

const DAY_MS = 86_400_000;
const HEADER = "PROXY TCP4 203.0.113.7 198.51.100.1 56324 443\r\n";
const folder = mkdtempSync(join(tmpdir(), "wherefrom-tls-"));
const good = makeCertificate();

let target: Target;
let gateway: TestGateway | undefined;
let notices: Notice[];
let files = { certFile: "", keyFile: "" };
let count = 0;

beforeAll(async () => {
  target = await openTarget();
});
beforeEach(() => {
  notices = [];
  files = store(good);
});
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
});
afterAll(async () => {
  await target.close();
  rmSync(folder, { recursive: true });
});

/** Writes a certificate into files of its own. */
function store({ cert, key }: TestCertificate): typeof files {
  count += 1;
  const paths = { certFile: join(folder, `${count}.crt`), keyFile: join(folder, `${count}.key`) };
  writeFileSync(paths.certFile, cert);
  writeFileSync(paths.keyFile, key);
  return paths;
}

async function open(listener: object = {}, options: Partial<GatewayOptions> = {}): Promise<TestGateway> {
  gateway = await openTestGateway(snapshotOf([{ target: target.origin }], { policy: { peerAddressAlgorithm: {} } }), {
    listeners: [{ port: 0, tls: files, ...listener }],
    onNotice: (notice) => void notices.push(notice),
    ...options,
  });
  return gateway;
}

const warnings = (): string[] => notices.filter(({ level }) => level === "warning").map(({ code }) => code);

/** Shakes hands, and says what came of it. */
function shake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options }, () => resolve(socket));
    socket.once("error", reject);
  });
}

/** Whose certificate a new connection gets. */
async function served(port: number): Promise<PeerCertificate["subjectaltname"]> {
  const socket = await shake(port);
  const { subjectaltname } = socket.getPeerCertificate();
  socket.destroy();
  return subjectaltname?.split(",")[0];
}

/** The certificate that a new connection gets behind the first, by its fingerprint. */
async function issuerSaid(port: number): Promise<string> {
  const socket = await shake(port);
  const { issuerCertificate } = socket.getPeerCertificate(true);
  socket.destroy();
  return issuerCertificate.fingerprint256;
}

/** Says bytes over TLS and reads the answer to its end. */
async function sayOver(socket: TLSSocket, bytes: string): Promise<string> {
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  socket.write(bytes, "latin1");
  await new Promise((resolve) => socket.once("close", resolve));
  return text;
}

const ask = (path: string): string => wire(`GET ${path} HTTP/1.1`, "Host: a", "Connection: close");
const receivedAt = (path: string): Received => target.received.find(({ url }) => url === path) ?? expect.fail(`${path} did not come`);

describe("over TLS", () => {
  test("a request is answered, and the target learns client and scheme", async () => {
    const { port, url } = await open();
    expect(url).toBe(`https://127.0.0.1:${port}`);
    const status = await new Promise((resolve, reject) => {
      const asked = request(`${url}/https`, { rejectUnauthorized: false }, (response) => resolve(response.resume().statusCode));
      asked.once("error", reject).end();
    });
    expect(status).toBe(200);
    const received = receivedAt("/https");
    expect(linesOf(received, "x-real-ip")).toEqual(["127.0.0.1"]);
    expect(linesOf(received, "x-forwarded-proto")).toEqual(["https"]);
    expect(linesOf(received, "forwarded")).toEqual([expect.stringContaining("proto=https")]);
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)("%s is spoken", async (version) => {
    const { port } = await open();
    const socket = await shake(port, { minVersion: version, maxVersion: version });
    expect(socket.getProtocol()).toBe(version);
    expect(await sayOver(socket, ask("/"))).toMatch(/^HTTP\/1\.1 200/);
  });

  test("older versions are not, however much a client wants to", async () => {
    const { port } = await open();
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" } as const;
    await expect(shake(port, old)).rejects.toMatchObject({ code: "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION" });
  });

  test("a client that renegotiates is told no", async () => {
    const { port } = await open();
    const socket = await shake(port, { maxVersion: "TLSv1.2" });
    const error = await new Promise<Error | null>((resolve) => {
      socket.once("error", resolve);
      socket.renegotiate({}, resolve);
    });
    expect(String(error)).toMatch(/no.renegotiation/i);
    socket.destroy();
  });

  test("plain HTTP is closed without an answer, and the next client is served", async () => {
    const { port } = await open();
    expect(await sendRaw(port, ask("/plain"))).not.toMatch(/HTTP/);
    expect(await sayOver(await shake(port), ask("/"))).toMatch(/^HTTP\/1\.1 200/);
  });

  test("a record that was altered ends its connection and no other", async () => {
    const { port } = await open();
    const tcp = connectTcp(port, "127.0.0.1");
    await new Promise((resolve) => tcp.once("connect", resolve));
    const socket = await shake(port, { socket: tcp });
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => undefined);
    tcp.write(Buffer.from(`1703030020${"00".repeat(32)}`, "hex"));
    await closed;
    expect(await sayOver(await shake(port), ask("/"))).toMatch(/^HTTP\/1\.1 200/);
  });

  test("on a unix socket too", async () => {
    const unix = join(folder, "tls.sock");
    gateway = await openTestGateway(snapshotOf([{ target: target.origin }], { policy: { ...trustingUnix } }), {
      listeners: [{ unix, tls: files }],
    });
    const socket = await new Promise<TLSSocket>((resolve, reject) => {
      const opened = connect({ path: unix, rejectUnauthorized: false }, () => resolve(opened)).once("error", reject);
    });
    const said = await sayOver(socket, wire("GET /unix HTTP/1.1", "Host: a", "X-Forwarded-For: 192.0.2.9", "Connection: close"));
    expect(said).toMatch(/^HTTP\/1\.1 200/);
    expect(linesOf(receivedAt("/unix"), "x-real-ip")).toEqual(["192.0.2.9"]);
  });
  const trustingUnix = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["unix:"] } };
});

describe("behind a PROXY protocol header", () => {
  const proxied = { proxyProtocol: { trustedPeers: ["127.0.0.1"] } };

  /** A TLS connection whose bytes follow a header, at once or byte by byte. */
  async function shakeBehind(port: number, header: string): Promise<TLSSocket> {
    const tcp = connectTcp({ port, host: "127.0.0.1", noDelay: true });
    await new Promise((resolve) => tcp.once("connect", resolve));
    for (const byte of Buffer.from(header, "latin1")) {
      tcp.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    return shake(port, { socket: tcp });
  }

  test.each([
    { version: 1, header: HEADER },
    { version: 2, header: "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\x00\x71\x07\xc6\x33\x64\x01\0\x01\0\x02" },
  ])("of version $version the client is whom it names", async ({ version, header }) => {
    const { port } = await open(proxied);
    expect(await sayOver(await shakeBehind(port, header), ask(`/behind/${version}`))).toMatch(/^HTTP\/1\.1 200/);
    const received = receivedAt(`/behind/${version}`);
    expect(linesOf(received, "x-real-ip")).toEqual(["203.0.113.7"]);
    expect(linesOf(received, "x-forwarded-proto")).toEqual(["https"]);
  });

  test("several at a time are not mixed up", async () => {
    const { port } = await open(proxied);
    const clients = Array.from({ length: 20 }, (_, index) => `203.0.113.${index + 1}`);
    await Promise.all(
      clients.map(async (client) => sayOver(await shakeBehind(port, HEADER.replace("203.0.113.7", client)), ask(`/mixed/${client}`))),
    );
    expect(clients.map((client) => linesOf(receivedAt(`/mixed/${client}`), "x-real-ip")[0])).toEqual(clients);
  });

  test("one inside TLS is no request: 400", async () => {
    const { port } = await open(proxied);
    const socket = await shakeBehind(port, HEADER);
    expect(await sayOver(socket, HEADER.replace("203.0.113.7", "6.6.6.6") + ask("/inside"))).toMatch(/^HTTP\/1\.1 400/);
  });

  test("a handshake without a header is closed", async () => {
    const { port } = await open(proxied);
    await expect(shake(port)).rejects.toThrow();
    expect(warnings()).toEqual(["PROXY_HEADER_REFUSED"]);
  });
});

describe("a handshake that costs too much", () => {
  test.each(["nothing", "half a record"])("one of which $0 comes is closed when its time is over", async (what) => {
    const { port } = await open({}, { limits: { tlsHandshakeTimeoutMs: 40 } });
    await sendRaw(port, what === "nothing" ? "" : Buffer.from("16030102000100", "hex"));
  });

  test("one that trickles in has the same time in all", async () => {
    const { port } = await open({}, { limits: { tlsHandshakeTimeoutMs: 200 } });
    const client = await converse(port);
    client.write(Buffer.from("1603010200", "hex"));
    const trickle = setInterval(() => client.write(Buffer.from([1])), 15);
    await client.closed;
    clearInterval(trickle);
  });

  test("more at one time than maxTlsHandshakes are dropped, and those under way are not", async () => {
    const { port } = await open({}, { limits: { maxTlsHandshakes: 1 } });
    const held = await converse(port);
    await expect(shake(port)).rejects.toThrow();
    expect(warnings()).toEqual(["CONNECTION_DROPPED"]);
    const socket = await shake(port, { socket: held.socket });
    expect(socket.authorized).toBe(false);
    socket.destroy();
  });
});

describe("the certificate", () => {
  const quick = { limits: { certificateCheckMs: 15 } };

  test("is taken up anew when its files change; an open connection goes on", async () => {
    const { port } = await open({}, quick);
    const before = await shake(port);
    expect(await served(port)).toBe("DNS:localhost");
    const next = makeCertificate({ name: "next.example" });
    writeFileSync(files.keyFile, next.key);
    writeFileSync(files.certFile, next.cert);
    await expect.poll(() => served(port)).toBe("DNS:next.example");
    expect(notices.at(-1)).toMatchObject({ level: "info", code: "CERTIFICATE_LOADED", message: expect.stringContaining("next.example") });
    expect(await sayOver(before, ask("/"))).toMatch(/^HTTP\/1\.1 200/);
  });

  test("is taken up when only what stands behind it in its file is new, as when an intermediate one was forgotten", async () => {
    const { port } = await open({}, quick);
    const issuer = makeCertificate();
    writeFileSync(files.certFile, `${good.cert}${issuer.cert}`);
    await expect.poll(() => issuerSaid(port)).toBe(new X509Certificate(issuer.cert).fingerprint256);
    expect(notices.at(-1)).toMatchObject({ code: "CERTIFICATE_LOADED" });
  });

  test("is taken up when a link is set to another folder, as Kubernetes does", async () => {
    const [first, second] = [store(good), store(makeCertificate({ name: "linked.example" }))];
    const link = { certFile: join(folder, "link.crt"), keyFile: join(folder, "link.key") };
    symlinkSync(first.certFile, link.certFile);
    symlinkSync(first.keyFile, link.keyFile);
    const { port } = await open({ tls: link }, quick);
    for (const name of ["certFile", "keyFile"] as const) {
      symlinkSync(second[name], `${link[name]}.new`);
      renameSync(`${link[name]}.new`, link[name]);
    }
    await expect.poll(() => served(port)).toBe("DNS:linked.example");
  });

  test("is taken up at once when asked to", async () => {
    const { port, refreshCertificates } = await open();
    const next = makeCertificate({ name: "asked.example" });
    writeFileSync(files.certFile, next.cert);
    writeFileSync(files.keyFile, next.key);
    await refreshCertificates();
    expect(await served(port)).toBe("DNS:asked.example");
  });

  const expired = { notBefore: new Date(Date.now() - 3 * DAY_MS), notAfter: new Date(Date.now() - DAY_MS) };
  const early = { notBefore: new Date(Date.now() + DAY_MS), notAfter: new Date(Date.now() + 3 * DAY_MS) };
  const bad = [
    { what: "text", cert: "nothing", key: good.key, says: /was not taken.*\.crt is no certificate in PEM/ },
    { what: "a file cut short", cert: good.cert.slice(0, 200), key: good.key, says: /\.crt is no certificate in PEM/ },
    { what: "one with text for a key", cert: good.cert, key: "nothing", says: /\.key is no private key in PEM/ },
    {
      what: "one with another that is broken behind it",
      cert: `${good.cert}${good.cert.slice(0, 200)}`,
      key: good.key,
      says: /TLS does not take/,
    },
    { what: "one with another's key", cert: makeCertificate().cert, key: good.key, says: /the key is not that of the certificate/ },
    { what: "one that has expired", ...makeCertificate(expired), says: /it has expired on/ },
    { what: "one that is not valid yet", ...makeCertificate(early), says: /it is valid from/ },
  ];
  test.each(bad)("$what is not taken: the former goes on", async ({ cert, key, says }) => {
    const { port } = await open({}, quick);
    writeFileSync(files.certFile, cert);
    writeFileSync(files.keyFile, key);
    await until(() => warnings().length > 0);
    expect(notices.find(({ level }) => level === "warning")).toMatchObject({
      code: "CERTIFICATE_REFUSED",
      message: expect.stringMatching(says),
    });
    expect(await served(port)).toBe("DNS:localhost");
    // The next one is taken again.
    const next = makeCertificate({ name: "mended.example" });
    writeFileSync(files.certFile, next.cert);
    writeFileSync(files.keyFile, next.key);
    await expect.poll(() => served(port)).toBe("DNS:mended.example");
  });

  test("is told of once where several listeners use it", async () => {
    const both = await open(
      {},
      {
        listeners: [
          { port: 0, tls: files },
          { port: 0, tls: files, http2: false },
        ],
      },
    );
    const next = makeCertificate({ name: "shared.example" });
    writeFileSync(files.certFile, next.cert);
    await both.refreshCertificates();
    writeFileSync(files.keyFile, next.key);
    await both.refreshCertificates();
    const told = notices.map(({ code }) => code).filter((code) => code.startsWith("CERTIFICATE"));
    expect(told).toEqual(["CERTIFICATE_REFUSED", "CERTIFICATE_LOADED"]);
    expect(await served(portOf(both, 0))).toBe("DNS:shared.example");
    expect(await served(portOf(both, 1))).toBe("DNS:shared.example");
  });

  test("files that are gone change nothing", async () => {
    const { port, refreshCertificates } = await open();
    rmSync(files.certFile);
    await refreshCertificates();
    expect(notices.at(-1)).toMatchObject({ code: "CERTIFICATE_REFUSED", message: expect.stringContaining("ENOENT") });
    expect(await served(port)).toBe("DNS:localhost");
  });

  test.each([
    { days: 13.5, says: /localhost.* expires on .*, in 13 days/ },
    { days: 0.5, says: /, in 0 days/ },
    { days: -1, says: /localhost.* has expired on/ },
  ])("with $days days left is told of, and served", async ({ days, says }) => {
    const notAfter = new Date(Date.now() + days * DAY_MS);
    const { port } = await open({ tls: store(makeCertificate({ notBefore: new Date(0), notAfter })) });
    expect(notices.find(({ code }) => code === "CERTIFICATE_EXPIRES")).toMatchObject({
      level: "warning",
      message: expect.stringMatching(says),
    });
    expect(await served(port)).toBe("DNS:localhost");
  });

  test("with more than fourteen days left is not told of, and one that is told once", async () => {
    await open({ tls: store(makeCertificate({ notAfter: new Date(Date.now() + 14.5 * DAY_MS) })) });
    expect(warnings()).toEqual([]);
    await gateway?.close();
    await open({ tls: store(makeCertificate({ notAfter: new Date(Date.now() + DAY_MS) })) }, quick);
    await gateway?.refreshCertificates();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(warnings()).toEqual(["CERTIFICATE_EXPIRES"]);
  });

  test("is told of each day anew from two weeks before its end, and behind it", async () => {
    const startedAtMs = Date.now();
    let day = 0;
    let looks = 0;
    const told: string[] = [];
    const kept = await KeptCertificate.open(store(makeCertificate({ notAfter: new Date(startedAtMs + 15 * DAY_MS) })), {
      now() {
        looks += 1;
        return startedAtMs + day * DAY_MS;
      },
      onNotice: ({ code, message }) => void told.push(`day ${day}: ${code} ${/in \d+ days|has expired/.exec(message)?.[0]}`),
      checkMs: 2,
    });
    for (day of [0, 0.9, 1.5, 2, 2.6, 14.5, 15.1, 15.9, 16.2]) {
      const before = looks;
      await until(() => looks >= before + 2);
    }
    kept.close();
    expect(told).toEqual([
      "day 1.5: CERTIFICATE_EXPIRES in 13 days",
      "day 2.6: CERTIFICATE_EXPIRES in 12 days",
      "day 14.5: CERTIFICATE_EXPIRES in 0 days",
      "day 15.9: CERTIFICATE_EXPIRES has expired",
    ]);
  });

  const unusable = [
    { what: "no certificate", tls: () => ({ ...files, certFile: join(folder, "none") }), says: /none cannot be used: ENOENT/ },
    { what: "no key", tls: () => ({ ...files, keyFile: join(folder, "none") }), says: /ENOENT/ },
    { what: "text for a certificate", tls: () => store({ ...good, cert: "x" }), says: /cannot be used/ },
    { what: "another's key", tls: () => store({ ...good, key: makeCertificate().key }), says: /the key is not that of the certificate/ },
    { what: "a key for a certificate", tls: () => store({ cert: good.key, key: good.cert }), says: /cannot be used/ },
  ];
  test.each(unusable)("a gateway with $what does not open", async ({ tls, says }) => {
    const error: GatewayError = await open({ tls: tls() }).then(
      () => expect.fail("It opened"),
      (e) => e,
    );
    expect(error).toMatchObject({ code: "GATEWAY_CERTIFICATE_UNUSABLE", message: expect.stringMatching(says) });
    expect(error.message).not.toMatch(/BEGIN|\n/);
  });
});
