import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { LANGUAGES } from "@wherefrom/diagnosis";
import { afterEach, describe, expect, test } from "vitest";
import { makeCertificate } from "../../gateway/test/rig/certificate.ts";
import { createEcho } from "../src/echo/echo.ts";
import { serveEcho } from "../src/echo/serve-echo.ts";
import { learnPath } from "../src/path/learned-path.ts";
import { factsOfPath } from "../src/path/path-facts.ts";
import type { ProbeRun } from "../src/probe/answer.ts";
import { parseProbeRun } from "../src/probe/parse-run.ts";
import { type Asking, type ProbeOptions, runProbe } from "../src/probe/run-probe.ts";
import { silenceIn } from "../src/probe/silence.ts";
import { phrasesIn, plainIn } from "../src/report/phrase.ts";
import { unseenBlocks } from "../src/report/unseen-blocks.ts";
import { writeDocument } from "../src/report/write-document.ts";

const PATH = "/.wherefrom-unseen-under-test";
const own = makeCertificate();
const elsewhere = makeCertificate({ name: "elsewhere.example", withAddress: false });
const expired = makeCertificate({ notAfter: new Date("2020-02-03T00:00:00Z") });

const opened: Server[] = [];
afterEach(() => {
  for (const server of opened.splice(0)) {
    server.close();
    if ("closeAllConnections" in server) (server.closeAllConnections as () => void)();
  }
});
async function portOf(server: Server): Promise<number> {
  opened.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

const answering = (status: number, headers: Readonly<Record<string, string>> = {}): RequestListener =>
  function answer(_request, response) {
    response.writeHead(status, headers).end("not an echo");
  };
const inPlain = (listener: RequestListener): Server => createHttpServer(listener);
const inTls = (listener: RequestListener, { cert, key }: typeof own = own): Server => createHttpsServer({ cert, key }, listener);

function probe(url: string, more: Partial<ProbeOptions> = {}): Promise<ProbeRun> {
  return runProbe({
    url: new URL(PATH, url),
    rounds: 2,
    transports: ["http", "websocket"],
    families: [4],
    timeoutMs: 10_000,
    pauseMs: 0,
    ...more,
  });
}

function told(run: ProbeRun, language: (typeof LANGUAGES)[number] = "en"): string {
  const telling = { say: phrasesIn(language), plain: plainIn(language) };
  return writeDocument({ title: "", language, blocks: unseenBlocks(learnPath(run).unseen, telling) }, { format: "text", showsAll: true });
}

const strangers: { says: string; server: Server; holds: readonly string[] }[] = [
  {
    says: "another service behind a proxy",
    server: inPlain(answering(404, { server: "nginx/1.22.1", via: "1.1 edge-7.example" })),
    holds: ["status 404; Server: nginx/1.22.1; Via: 1.1 edge-7.example", "the path of the echo is another"],
  },
  {
    says: "a redirect, whose path has the secret in it",
    server: inPlain((request, response) => answering(301, { location: `https://service.example${request.url}` })(request, response)),
    holds: ["A redirect to https://service.example, which is not followed"],
  },
  { says: "a login", server: inPlain(answering(401)), holds: ["Access is refused before the service"] },
  { says: "a proxy without its service", server: inPlain(answering(502)), holds: ["does not reach what is behind it"] },
  { says: "a page", server: inPlain(answering(200)), holds: ["Another service answers for this path"] },
  { says: "a fault of its own", server: inPlain(answering(500)), holds: ["Neither the echo nor a refusal that is known here"] },
];

test.each(strangers)("$says is told as who answered", async ({ server, holds }) => {
  const run = await probe(`http://127.0.0.1:${await portOf(server)}`, { rounds: 1 });
  expect(run.answers.every(({ result }) => result.kind === "answered")).toBe(true);
  for (const text of holds) expect(told(run)).toContain(text);
  expect(JSON.stringify(run)).not.toContain(PATH);
  expect(parseProbeRun({ run: JSON.parse(JSON.stringify(run)) })).toEqual(run);
});

test("the echo that gets another path than was sent is told as the echo", async () => {
  const echo = createEcho({ path: PATH });
  const server = createHttpServer((request, response) => {
    request.url = `${PATH}/rewritten`;
    echo.handle(request, response);
  });
  const run = await probe(`http://127.0.0.1:${await portOf(server)}`, { transports: ["http"] });
  expect(told(run)).toContain("The echo itself, which has another path");
});

const preambles: { says: string; first: Buffer; holds: string; fact?: string }[] = [
  {
    says: "a PROXY protocol header of version 1",
    first: Buffer.from("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"),
    holds: "which met a PROXY protocol header before the request",
    fact: "v1",
  },
  {
    says: "a PROXY protocol header of version 2",
    first: Buffer.from("0d0a0d0a000d0a515549540a2111000cc0000201c000020200010002", "hex"),
    holds: "which met a PROXY protocol header before the request",
    fact: "v2",
  },
  { says: "TLS", first: Buffer.from("160301020001000102", "hex"), holds: "which was spoken to in TLS" },
  { says: "what is no HTTP", first: Buffer.from("hello\r\n"), holds: "which could not read what a proxy on the way made of the request" },
];

test.each(preambles)(
  "an echo that meets $says before each request says so through the proxy that sends it",
  async ({ first, holds, fact }) => {
    const echo = await serveEcho({ listen: { host: "127.0.0.1", port: 0 }, path: PATH });
    try {
      const relay = createServer((client) => {
        const service = connect(echo.address.port, "127.0.0.1");
        service.on("error", () => client.destroy());
        client.on("error", () => service.destroy());
        service.write(first);
        client.pipe(service).pipe(client);
      });
      const run = await probe(`http://127.0.0.1:${await portOf(relay)}`, { rounds: 1 });
      expect(run.answers.every(({ result }) => result.kind === "answered" && result.byEcho)).toBe(true);
      expect(told(run)).toContain(holds);
      expect(factsOfPath(learnPath(run), run)["log.proxyPreamble"]).toBe(fact);
      expect(parseProbeRun({ run: JSON.parse(JSON.stringify(run)) })).toEqual(run);
    } finally {
      await echo.close();
    }
  },
);

const silent: { says: string; server: Server; scheme?: "http" | "https"; code: string | RegExp; holds: string }[] = [
  {
    says: "SSH",
    server: createServer((socket) => socket.on("error", () => undefined).write("SSH-2.0-OpenSSH_9.2p1\r\nnext")),
    code: /^HPE_/,
    holds: "It began with: SSH-2.0-OpenSSH_9.2p1",
  },
  {
    says: "what steers a terminal",
    server: createServer((socket) => socket.on("error", () => undefined).end("\x1b[2J\x9b31m\r\n")),
    code: /^HPE_/,
    holds: "\\x1b[2J",
  },
  {
    says: "a server that closes",
    server: createServer((socket) => socket.on("error", () => undefined).end()),
    code: "ECONNRESET",
    holds: "closed without an answer",
  },
  {
    says: "a server that swallows",
    server: createServer((socket) => socket.on("error", () => undefined)),
    code: "ETIMEDOUT",
    holds: "packets are dropped",
  },
  { says: "plain HTTP, asked in TLS", server: inPlain(answering(200)), scheme: "https", code: "NOT_TLS", holds: "probe it with http." },
  {
    says: "an authority of one's own",
    server: inTls(answering(200)),
    scheme: "https",
    code: "DEPTH_ZERO_SELF_SIGNED_CERT",
    holds:
      "The certificate of CN=localhost, issued by CN=localhost, is of an authority that is not known here: give the authority's certificate with --ca FILE",
  },
];

test.each(silent)("$says is given up after two connections that failed alike", async ({ server, scheme = "http", code, holds }) => {
  let connections = 0;
  server.on("connection", () => {
    connections += 1;
  });
  const asked: Asking[] = [];
  // what answers is waited for; a busy machine must not make it silent
  const timeoutMs = code === "ETIMEDOUT" ? 100 : 10_000;
  const run = await probe(`${scheme}://127.0.0.1:${await portOf(server)}`, { timeoutMs, onQuestion: (asking) => asked.push(asking) });
  expect(run.answers.map(({ result }) => result.kind)).toEqual(["failed", "failed"]);
  expect(run.unasked).toEqual([
    expect.objectContaining({ transport: "http", requests: 20, code: expect.stringMatching(code) }),
    expect.objectContaining({ transport: "websocket", requests: 14, code: expect.stringMatching(code) }),
  ]);
  expect(asked.map(({ question, done, all }) => ({ question, done, all }))).toEqual([
    { question: "plain", done: 0, all: 36 },
    { question: "canary", done: 1, all: 36 },
  ]);
  // and one more, on which nothing is sent, to read a certificate
  expect(connections).toBeLessThanOrEqual(run.unasked?.[0]?.certificate === undefined ? 2 : 3);
  expect(told(run)).toContain(holds);
  expect(told(run)).toContain("20 more were not sent, as these failed alike");
  for (const language of LANGUAGES) expect(told(run, language)).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f]|(?<![$\\{])\{[a-z]+\}|undefined/i);
  expect(parseProbeRun({ run: JSON.parse(JSON.stringify(run)) })).toEqual(run);
});

describe("in TLS", () => {
  const rows: { says: string; certificate: typeof own; ca: string; code?: string; holds: string }[] = [
    { says: "the authority that was given", certificate: own, ca: own.cert, holds: "certificate: CN=localhost, issued by CN=localhost" },
    {
      says: "another authority than that",
      certificate: own,
      ca: elsewhere.cert,
      code: "DEPTH_ZERO_SELF_SIGNED_CERT",
      holds: "with --ca FILE",
    },
    {
      says: "another name than was dialed",
      certificate: elsewhere,
      ca: elsewhere.cert,
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
      holds: "The certificate of CN=elsewhere.example is for another name",
    },
    { says: "an old certificate", certificate: expired, ca: expired.cert, code: "CERT_HAS_EXPIRED", holds: "was valid until Feb  3" },
  ];

  test.each(rows)("$says: $holds", async ({ certificate, ca, code, holds }) => {
    const run = await probe(`https://127.0.0.1:${await portOf(inTls(answering(404), certificate))}`, { ca });
    expect(run.answers.every(({ result }) => (result.kind === "failed" ? result.code : undefined) === code)).toBe(true);
    expect(told(run)).toContain(holds);
  });
});

test("a question that is dropped on the way does not end a probe that was answered before", async () => {
  const echo = createEcho({ path: PATH });
  const server = createHttpServer((request, response) => {
    if (request.headers["x-forwarded-for"] === undefined) echo.handle(request, response);
    else request.socket.destroy();
  });
  const { answers, unasked } = await probe(`http://127.0.0.1:${await portOf(server)}`, { transports: ["http"] });
  expect(unasked).toBeUndefined();
  expect(answers).toHaveLength(22);
  expect(answers.filter(({ result }) => result.kind === "observed").length).toBeGreaterThan(6);
});

const lines = [
  { codes: ["X"], says: undefined },
  { codes: ["X", "X"], says: "X" },
  { codes: ["X", "Y"], says: undefined },
  { codes: ["X", "Y", "Y"], says: "Y" },
  { codes: ["X", "Y", "X", "Y"], says: "Y" }, // a whole round of them
  { codes: ["X", undefined, "X", "X"], says: undefined },
  { codes: [undefined, "X", "X", "X", "Z"], says: "Z" },
  { codes: [undefined, "X", "X", "X", undefined], says: undefined },
  { codes: [undefined], says: undefined },
];

test.each(lines)("after $codes, of four questions a round, a leg is given up for $says", ({ codes, says }) => {
  const answers = codes.map((code) => ({
    result: code === undefined ? ({ kind: "answered", status: 404, byEcho: false } as const) : ({ kind: "failed", code } as const),
  }));
  expect(silenceIn(answers, 4)).toBe(says);
});
