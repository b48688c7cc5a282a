import { writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { request as tlsRequest } from "node:https";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { describe, expect, test } from "vitest";
import { makeCertificate, type TestCertificate } from "../../gateway/test/rig/certificate.ts";
import { type ControlOptions, openControl } from "../src/control.ts";
import { createApp } from "../src/http/app.ts";
import { readReach } from "../src/http/reach.ts";
import { createControlMetrics } from "../src/metrics.ts";
import type { ControlNotice } from "../src/notice.ts";
import type { ControlParts } from "../src/parts.ts";
import { type ControlUnderTest, type Json, openTestControl, temporaryFolder } from "./control-under-test.ts";

const NAME = "control.example";
const ANYWHERE = { listen: { host: "0.0.0.0", port: 0 } };

type Asked = { readonly status: number; readonly reason: string | undefined; readonly headers: IncomingMessage["headers"] };

type AskOptions = {
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** From which address of this machine. */
  readonly from?: string;
  readonly certificate?: TestCertificate;
};

/** Asks with a Host, an address and a certificate of the test's choice, which fetch does not let it choose. */
function ask({ control, token }: ControlUnderTest, path: string, { host = NAME, headers = {}, from, certificate }: AskOptions = {}) {
  const address = { host: "127.0.0.1", port: control.port, path, localAddress: from };
  const fields = { host, authorization: `Bearer ${token}`, ...headers };
  return new Promise<Asked>((resolve, reject) => {
    const sent =
      certificate === undefined
        ? request({ ...address, headers: fields })
        : tlsRequest({ ...address, headers: fields, ca: certificate.cert, servername: "localhost" });
    sent.on("error", reject).on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      response.on("end", () => {
        const { error } = JSON.parse(text) as { error?: { details: readonly { reason?: string }[] } };
        resolve({
          status: response.statusCode ?? 0,
          reason: error?.details.find(({ reason }) => reason)?.reason,
          headers: response.headers,
        });
      });
    });
    sent.end();
  });
}

async function certificateFiles(certificate: TestCertificate): Promise<{ readonly certFile: string; readonly keyFile: string }> {
  const folder = await temporaryFolder();
  const files = { certFile: join(folder, "cert.pem"), keyFile: join(folder, "key.pem") };
  writeFileSync(files.certFile, certificate.cert);
  writeFileSync(files.keyFile, certificate.key);
  return files;
}

const refused: readonly { what: string; options: Partial<ControlOptions>; code: string }[] = [
  { what: "every address, by clear HTTP", options: ANYWHERE, code: "CONTROL_NOT_LOOPBACK" },
  { what: "an address, by clear HTTP, though it has a name", options: { ...ANYWHERE, names: [NAME] }, code: "CONTROL_NOT_LOOPBACK" },
  { what: "a name on loopback, before which no proxy is said to be", options: { names: [NAME] }, code: "CONTROL_NOT_LOOPBACK" },
  { what: "a proxy, by no name", options: { tlsProxies: ["10.0.0.1"] }, code: "CONTROL_NAME_MISSING" },
  {
    what: "others, without access control",
    options: { names: [NAME], tlsProxies: ["10.0.0.1"], access: "off" },
    code: "CONTROL_ACCESS_OFF",
  },
  { what: "a proxy that is no address", options: { names: [NAME], tlsProxies: ["10.0.0.1.5"] }, code: "CONTROL_PROXY_INVALID" },
  { what: "everybody as its proxy", options: { names: [NAME], tlsProxies: ["0.0.0.0/0"] }, code: "CONTROL_PROXY_INVALID" },
  {
    what: "a certificate that is not there",
    options: { tls: { certFile: "/none", keyFile: "/none" } },
    code: "CONTROL_CERTIFICATE_UNUSABLE",
  },
];
test.each(refused)("control does not open for $what", async ({ options, code }) => {
  const database = `sqlite:${join(await temporaryFolder(), "control.db")}`;
  const opening = openControl({ listen: { host: "127.0.0.1", port: 0 }, organization: "local", database, ...options });
  await expect(opening).rejects.toMatchObject({ code });
});

describe("with a certificate of its own", () => {
  test("it speaks TLS beyond loopback, by its names only, and says that browsers come back by nothing else", async () => {
    const certificate = makeCertificate();
    const under = await openTestControl({ ...ANYWHERE, names: [NAME], tls: await certificateFiles(certificate) });
    expect(under.control.url).toBe(`https://0.0.0.0:${under.control.port}`);
    const answer = await ask(under, "/v1/organizations", { certificate });
    expect([answer.status, answer.headers["strict-transport-security"]]).toEqual([200, "max-age=31536000"]);
    expect((await ask(under, "/v1/organizations", { certificate, host: "CONTROL.example:443" })).status).toBe(200);
    for (const host of ["evil.example", "control.example.", "control.example.evil", "10.0.0.1"]) {
      expect(await ask(under, "/v1/organizations", { certificate, host })).toMatchObject({ status: 403, reason: "HOST_NOT_ALLOWED" });
    }
    await expect(ask(under, "/v1/organizations")).rejects.toThrow(); // clear HTTP gets no answer
  });

  test("it uses files that were renewed, and keeps the former when they do not belong together", async () => {
    const [first, second, third] = [makeCertificate(), makeCertificate(), makeCertificate()];
    const files = await certificateFiles(first);
    const notices: ControlNotice[] = [];
    const { control } = await openTestControl({
      tls: files,
      limits: { certificateLookMs: 5 },
      onNotice: (notice) => void notices.push(notice),
    });
    const said = async (kind: ControlNotice["kind"]): Promise<void> => {
      await expect.poll(() => notices.map((notice) => notice.kind)).toContain(kind);
    };
    const servedTo = (ca: string): Promise<boolean> =>
      new Promise((resolve) => {
        const socket = connectTls({ host: "127.0.0.1", port: control.port, ca, servername: "localhost" });
        socket.once("secureConnect", () => resolve(true)).once("error", () => resolve(false));
        socket.once("secureConnect", () => socket.destroy());
      });
    writeFileSync(files.certFile, third.cert);
    await said("certificate-refused");
    expect(await servedTo(first.cert)).toBe(true);
    writeFileSync(files.certFile, second.cert);
    writeFileSync(files.keyFile, second.key);
    await said("certificate-loaded");
    expect([await servedTo(first.cert), await servedTo(second.cert)]).toEqual([false, true]);
  });
});

describe("behind a proxy with TLS", () => {
  test("it is asked by the proxy's name, tells its links by https, and believes the proxy who the client is", async () => {
    const notices: ControlNotice[] = [];
    const options = { names: [NAME], tlsProxies: ["127.0.0.2/32"], limits: { maxAuthFailures: 1 } };
    const under = await openTestControl({ ...options, onNotice: (notice) => void notices.push(notice) });
    const forwarded = { "x-forwarded-for": "192.0.2.1" };
    const wrong = { ...forwarded, authorization: "Bearer no" };
    expect((await ask(under, "/v1/organizations", { from: "127.0.0.2", headers: wrong })).status).toBe(401);
    expect((await ask(under, "/v1/organizations", { from: "127.0.0.2", headers: wrong })).status).toBe(429);
    // who is no proxy names nobody
    expect((await ask(under, "/v1/organizations", { from: "127.0.0.3", headers: wrong })).status).toBe(401);
    expect(notices).toEqual([
      { kind: "client-blocked", client: "192.0.2.1" },
      { kind: "client-blocked", client: "127.0.0.3" },
    ]);
    const { headers } = await ask(under, "/v1/organizations", { from: "127.0.0.2", headers: forwarded });
    expect(headers["strict-transport-security"]).toBe("max-age=31536000");
    const discovery = await under.ask("GET //$discovery/rest?version=v1");
    expect(discovery.body.rootUrl).toBe(`https://127.0.0.1:${under.control.port}/`);
  });

  test.each([
    { peer: "192.0.2.9", status: 404 },
    { peer: "::ffff:192.0.2.9", status: 404 }, // as a socket of both families shows it
    { peer: "127.0.0.1", status: 404 },
    { peer: "::ffff:127.0.0.1", status: 404 },
    { peer: "::1", status: 404 },
    { peer: "192.0.2.10", status: 403 },
    { peer: "2001:db8::1", status: 403 },
    { peer: undefined, status: 403 }, // a socket that is closed already
  ])("a connection from $peer is answered $status, whatever its token", async ({ peer, status }) => {
    const reach = readReach({ host: "0.0.0.0", access: "tokens", names: [NAME], tlsProxies: ["192.0.2.9"] });
    const answer = createApp([], { reach, metrics: createControlMetrics() } as ControlParts);
    const answered = await answer(new Request("http://x/", { headers: { host: NAME } }), { client: "a", peer });
    const body: Json = await answered.json();
    expect([body.error.code, body.error.details[0].reason]).toEqual([status, status === 403 ? "PEER_NOT_ALLOWED" : "PATH_NOT_FOUND"]);
  });
});
