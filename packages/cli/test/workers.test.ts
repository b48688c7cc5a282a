import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { withTimeEnough } from "../../../tools/patience.ts";
import { makeCertificate, type TestCertificate } from "../../gateway/test/rig/certificate.ts";
import { patient } from "../../gateway/test/rig/gateway.ts";
import { HANDSHAKE, SWITCHING } from "../../gateway/test/rig/handshake.ts";
import { makeHop, SECRET } from "../../gateway/test/rig/hop.ts";
import { askHttp2, connectHttp2 } from "../../gateway/test/rig/http2-client.ts";
import { leaveSocketFile } from "../../gateway/test/rig/socket-file.ts";
import { linesOf, openTarget, type Target } from "../../gateway/test/rig/target.ts";
import { ask, converse, parseResponse, sendRaw, wire } from "../../gateway/test/rig/wire.ts";
import { type RunningCommand, runCommand, startCommand } from "./command.ts";
import { patientGateway } from "./patient-gateway.ts";

const WORKERS = 2;
/** Enough connections that every worker gets some: they are dealt out in turn. */
const MANY = 6 * WORKERS;

const folder = mkdtempSync(join(tmpdir(), "wherefrom-workers-"));
const file = (name: string): string => join(folder, name);
const config = file("gateway.json");
const socket = file("gateway.sock");

type Ready = { readonly listeners: readonly string[]; readonly admin: string };

let target: Target;
let command: RunningCommand;
let ready: Ready;

/** So that only a signal has certificates read again, and no worker that is replaced waits for load balancers to hear of it. */
const rarely = { ...patient, certificateCheckMs: 600_000 };
const ofGroup = { ...rarely, preStopDelayMs: 60_000 };

/** All kinds of listeners at once: in each of them a connection takes another way into a worker. */
function settings(changes: object = {}): object {
  const tls = { certFile: file("cert.pem"), keyFile: file("key.pem") };
  return {
    listeners: [{ port: 0 }, { port: 0, tls }, { port: 0, proxyProtocol: { trustedPeers: ["127.0.0.0/8"] } }, { unix: socket }],
    signedHop: { keys: [{ id: "edge", secretFile: file("secret") }], accept: { keys: ["edge"] } },
    accessLog: { file: file("access.log") },
    admin: { port: 0 },
    limits: ofGroup,
    ...changes,
  };
}

function writeCertificate(): string {
  const { cert, key } = makeCertificate();
  writeFileSync(file("cert.pem"), cert);
  writeFileSync(file("key.pem"), key);
  return cert;
}

function snapshot(policy: object = { peerAddressAlgorithm: {} }): object {
  const routes = [{ name: "all", target: target.origin }];
  return { organization: "local", environment: "demo", revision: 1, clientIpResolutionConfig: policy, routes };
}

beforeAll(async () => {
  target = await openTarget(undefined, (request, socket) => {
    socket.write(`${SWITCHING}${request.headers["x-real-ip"]} `);
    socket.pipe(socket);
  });
  writeCertificate();
  writeFileSync(file("secret"), SECRET);
  // All workers have to find the way round it together.
  await leaveSocketFile(socket);
  writeFileSync(config, JSON.stringify(settings()));
  writeFileSync(file("snapshot.json"), JSON.stringify(snapshot()));
  command = startCommand(["gateway", "--snapshot", file("snapshot.json"), "--config", config, "--workers", `${WORKERS}`, "--json"]);
  const [line] = await command.says(/^\{.*\}$/m);
  ready = JSON.parse(line);
});
afterAll(async () => {
  command.child.kill("SIGKILL");
  await command.finished;
  await target.close();
  rmSync(folder, { recursive: true });
});

const portOf = (index: number): number => Number(new URL(ready.listeners[index] ?? "").port);

/** The series of a scrape, with their labels as they stand. */
async function scrape(): Promise<ReadonlyMap<string, number>> {
  const lines = (await (await fetch(`${ready.admin}/metrics`)).text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]));
}

/** A request is counted behind its answer, so the count may come a moment later. */
async function expectCount(name: string, count: number): Promise<void> {
  await expect.poll(async () => (await scrape()).get(name)).toBe(count);
}

async function isReady(): Promise<boolean> {
  return (await fetch(`${ready.admin}/readyz`)).status === 200;
}

/** The processes that serve, by the system's word. */
function pids({ child: { pid } }: RunningCommand = command): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
}

const SERVED = 'wherefrom_requests_total{status="2xx"}';

/** The address that the target was told, each time over a connection of its own. */
async function told(send: (path: string) => Promise<unknown>, path: string): Promise<string[]> {
  await Promise.all(Array.from({ length: MANY }, () => send(path)));
  return target.received.filter(({ url }) => url === path).flatMap((received) => linesOf(received, "x-real-ip"));
}

function overSocket(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ socketPath: socket, path, agent: false }, (response) => response.resume().once("end", resolve));
    request.once("error", reject).end();
  });
}

async function overHttp2(path: string): Promise<void> {
  const session = await connectHttp2(`https://127.0.0.1:${portOf(1)}`);
  await askHttp2(session, { ":path": path });
  await new Promise<void>((resolve) => session.close(resolve));
}

const ways = [
  { how: "a port", send: (path: string) => ask(portOf(0), `GET ${path} HTTP/1.1`, "Host: a"), says: "127.0.0.1" },
  { how: "HTTP/2 over TLS", send: overHttp2, says: "127.0.0.1" },
  {
    how: "PROXY protocol",
    send: (path: string) =>
      sendRaw(portOf(2), `PROXY TCP4 203.0.113.7 198.51.100.1 1 2\r\n${wire(`GET ${path} HTTP/1.1`, "Host: a", "Connection: close")}`),
    says: "203.0.113.7",
  },
];

describe.skipIf(process.platform !== "linux")("a gateway of several workers", () => {
  test.each(ways)("resolves who comes over $how, in whichever worker", async ({ how, send, says }) => {
    expect(await told(send, `/${how.length}`)).toEqual(Array.from({ length: MANY }, () => says));
  });

  test("serves a unix socket, and who comes over it has no address", async () => {
    // The policy takes the peer, and a peer without an address is nobody: 400 from the gateway, and nothing for the target.
    await Promise.all(Array.from({ length: MANY }, () => overSocket("/unix")));
    expect(target.received.filter(({ url }) => url === "/unix")).toEqual([]);
    await expectCount('wherefrom_faults_total{code="CLIENT_ADDRESS_UNKNOWN"}', MANY);
  });

  test("resumes a TLS session, in whichever worker it began", async () => {
    const session = await new Promise<Buffer>((resolve, reject) => {
      const first = connectTls({ port: portOf(1), host: "127.0.0.1", rejectUnauthorized: false });
      first.once("session", (ticket) => {
        first.destroy();
        resolve(ticket);
      });
      first.once("error", reject);
    });
    const isResumed = (): Promise<boolean> =>
      new Promise((resolve, reject) => {
        const again = connectTls({ port: portOf(1), host: "127.0.0.1", rejectUnauthorized: false, session }, () => {
          resolve(again.isSessionReused());
          again.destroy();
        });
        again.once("error", reject);
      });
    expect(await Promise.all(Array.from({ length: MANY }, isResumed))).toEqual(Array.from({ length: MANY }, () => true));
  });

  test("believes a signed hop once, whichever workers it is shown to", async () => {
    const hop = makeHop({ path: "/hop" });
    const addresses = await told(
      (path) => ask(portOf(0), `GET ${path} HTTP/1.1`, "Host: gateway.example", `X-Wherefrom-Hop: ${hop}`),
      "/hop",
    );
    expect(addresses.toSorted()).toEqual([...Array.from({ length: MANY - 1 }, () => "127.0.0.1"), "203.0.113.7"]);
    await expectCount('wherefrom_signed_hops_total{result="accepted"}', 1);
    await expectCount('wherefrom_signed_hops_total{result="replayed"}', MANY - 1);
  });

  test("opens a WebSocket by its signed hop, and loses nothing that came behind the handshake", async () => {
    const client = await converse(portOf(0));
    const fields = HANDSHAKE.trimEnd().replace("Host: a", `Host: gateway.example\r\nX-Wherefrom-Hop: ${makeHop()}`);
    client.write(`${fields}\r\n\r\nearly`);
    expect(await client.readUntil(/early/)).toMatch(/^HTTP\/1\.1 101 .*203\.0\.113\.7 early$/s);
    client.socket.destroy();
  });

  test("writes whole lines to one access log", async () => {
    const paths = Array.from({ length: MANY }, (_, index) => `/log/${index}?${"x".repeat(1_500)}`);
    await Promise.all(paths.map((path) => ask(portOf(0), `GET ${path} HTTP/1.1`, "Host: a")));
    const logged = (): string[] =>
      readFileSync(file("access.log"), "utf8")
        .split("\n")
        .flatMap((line) => (line === "" ? [] : JSON.parse(line).path));
    await expect.poll(() => logged().filter((path) => path.startsWith("/log/")).length).toBe(MANY);
    expect(
      logged()
        .filter((path) => path.startsWith("/log/"))
        .toSorted(),
    ).toEqual(paths.toSorted());
  });

  test("is a whole again after a worker was killed, and no counter falls", async () => {
    const before = await scrape();
    const [victim = 0] = pids();
    process.kill(victim, "SIGKILL");
    await command.says(new RegExp(`process ${victim}, has died: signal SIGKILL \\[WORKER_DIED\\]`));
    const during = await scrape();
    expect((await ask(portOf(0), "GET /during HTTP/1.1", "Host: a")).status).toBe(200);
    await expect.poll(() => isReady()).toBe(true);
    const after = await scrape();
    expect(new Set(pids()).has(victim)).toBe(false);
    expect(pids()).toHaveLength(WORKERS);
    expect(after.get("wherefrom_worker_deaths_total")).toBe((before.get("wherefrom_worker_deaths_total") ?? 0) + 1);
    for (const [name, value] of before) {
      if (!/^(wherefrom|process_cpu)_.*_(total|count|sum|bucket)\b/.test(name)) continue;
      expect(during.get(name), name).toBeGreaterThanOrEqual(value);
      expect(after.get(name), name).toBeGreaterThanOrEqual(during.get(name) ?? 0);
    }
    await expectCount(SERVED, (before.get(SERVED) ?? 0) + 1);
    // Every worker has applied it, the new one too, and the group has once.
    await expectCount('wherefrom_notices_total{code="SNAPSHOT_APPLIED"}', 1);
    await expectCount('wherefrom_notices_total{code="WORKER_DIED"}', 1);
  });

  test("lists its own metrics on the page for operators, and no other", async () => {
    const page = readFileSync(new URL("../../../docs/guides/operate.md", import.meta.url), "utf8");
    const [table = ""] = page.slice(page.indexOf("| metric of workers |")).split("\n\n");
    const listed = [...table.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name);
    const given = [...(await scrape()).keys()].filter((name) => name.startsWith("wherefrom_worker"));
    expect(listed.toSorted()).toEqual(given.toSorted());
  });

  test("has the new certificate in every worker after SIGHUP", async () => {
    const cert = writeCertificate();
    command.child.kill("SIGHUP");
    const { fingerprint256 } = new X509Certificate(cert);
    const isNew = async (): Promise<boolean> => (await servedFingerprint(ready.listeners[1] ?? "")) === fingerprint256;
    await expect.poll(async () => (await Promise.all(Array.from({ length: MANY }, isNew))).filter((answer) => !answer).length).toBe(0);
  });

  test("goes on as it is when the gateway file has faults, and takes a good one at SIGUSR2", async () => {
    const before = pids();
    writeFileSync(config, JSON.stringify(settings({ limits: { ...ofGroup, maxTargetBytes: 0 } })));
    command.child.kill("SIGUSR2");
    await command.says(/The workers go on as they are: .*\/limits\/maxTargetBytes/);
    writeFileSync(
      config,
      JSON.stringify(settings({ signedHop: { keys: [{ id: "edge", secretFile: file("absent") }], accept: { keys: ["edge"] } } })),
    );
    command.child.kill("SIGUSR2");
    await command.says(/A new worker did not start, 0 of 2 are new and the others go on: .*absent.*\[WORKERS_NOT_REPLACED\]/);
    expect(pids()).toEqual(before);
    writeFileSync(config, JSON.stringify(settings({ limits: { ...ofGroup, maxTargetBytes: 100 } })));
    command.child.kill("SIGUSR2");
    await expect.poll(() => pids().some((pid) => before.includes(pid)) || pids().length !== WORKERS).toBe(false);
    const answers = await Promise.all(Array.from({ length: MANY }, () => ask(portOf(0), `GET /${"x".repeat(200)} HTTP/1.1`, "Host: a")));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([414]));
  });
});

/** Of the certificate that a new connection gets. */
function servedFingerprint(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const secure = connectTls({ port: Number(new URL(url).port), host: "127.0.0.1", rejectUnauthorized: false }, () => {
      const { fingerprint256 } = secure.getPeerCertificate();
      secure.destroy();
      resolve(fingerprint256);
    });
    secure.once("error", reject);
  });
}

test("SIGTERM ends every worker: what was begun is answered, WebSockets end, and the code is 0", async () => {
  const answers: (() => void)[] = [];
  const server = createServer((_, response) => answers.push(() => response.end("whole")));
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (client) => client.on("close", () => undefined));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  const path = file("drain.json");
  writeFileSync(path, JSON.stringify({ ...snapshot(), routes: [{ name: "all", target: origin }] }));
  const drained = startCommand(["gateway", "--snapshot", path, ...patientGateway(folder), "--workers", "2", "--json"]);
  onTestFinished(() => void drained.child.kill("SIGKILL"));
  const [line] = await drained.says(/^\{.*\}$/m);
  const { gateway } = JSON.parse(line) as { gateway: string };
  const webSockets = await Promise.all(Array.from({ length: 6 }, () => openWebSocket(gateway)));
  const asked = Array.from({ length: 6 }, () => sendRaw(Number(new URL(gateway).port), wire("GET / HTTP/1.1", "Host: a")));
  await expect.poll(() => answers.length).toBe(6);
  drained.child.kill("SIGTERM");
  // They end while the requests are still open: nobody waits for the window to be over.
  await Promise.all(webSockets.map(({ ended }) => ended));
  for (const answer of answers) answer();
  expect((await Promise.all(asked)).map((text) => parseResponse(text).body)).toEqual(Array.from({ length: 6 }, () => "whole"));
  expect(await drained.finished).toMatchObject({ code: 0, stderr: "" });
});

const CLIENTS = 32;

test("SIGTERM loses no connection: who is told to go elsewhere comes back to nobody, and to no worker that is about to stop", async () => {
  const path = file("return.json");
  writeFileSync(path, JSON.stringify(snapshot()));
  const place = file("return-gateway.json");
  writeFileSync(place, JSON.stringify({ listeners: [{ port: 0 }], limits: patient }));
  const group = startCommand(["gateway", "--snapshot", path, "--config", place, "--workers", "4", "--json"]);
  onTestFinished(() => void group.child.kill("SIGKILL"));
  const [line] = await group.says(/^\{.*\}$/m);
  const { gateway } = JSON.parse(line) as { gateway: string };
  const clients = Array.from({ length: CLIENTS }, () => startAsking(Number(new URL(gateway).port)));
  await expect.poll(() => clients.filter(({ answers }) => answers() > 1).length).toBe(CLIENTS);
  group.child.kill("SIGTERM");
  expect(await Promise.all(clients.map(({ refused }) => refused))).toEqual(Array.from({ length: CLIENTS }, () => "lost 0 connections"));
  expect(await group.finished).toMatchObject({ code: 0 });
});

type Asking = { readonly answers: () => number; readonly refused: Promise<string> };

/** Asks again and again, over one connection as long as it lasts and then over the next, until nobody listens any more. */
function startAsking(port: number): Asking {
  let answers = 0;
  let lost = 0;
  const refused = new Promise<string>((resolve) => {
    const begin = (): void => {
      const socket = connect({ port, host: "127.0.0.1" });
      let text = "";
      let isAsked = false;
      let isRefused = false;
      const askOnce = (): void => {
        isAsked = true;
        socket.write(wire("GET /again HTTP/1.1", "Host: a"));
      };
      socket.on("connect", askOnce);
      socket.on("data", (chunk) => {
        text += chunk.toString("latin1");
        if (!text.endsWith("GET /again")) return;
        answers += 1;
        isAsked = false;
        if (/^connection: close/im.test(text)) socket.end();
        else askOnce();
        text = "";
      });
      socket.on("error", (error: NodeJS.ErrnoException) => {
        isRefused = error.code === "ECONNREFUSED";
      });
      socket.on("close", () => {
        if (isRefused) return resolve(`lost ${lost} connections`);
        if (isAsked) lost += 1;
        begin();
      });
    };
    begin();
  });
  return { answers: () => answers, refused };
}

async function openWebSocket(gateway: string): Promise<{ readonly ended: Promise<void> }> {
  const client = new WebSocket(gateway.replace("http", "ws"));
  client.on("error", () => undefined);
  const ended = new Promise<void>((resolve) => client.once("close", () => resolve()));
  await new Promise<void>((resolve) => client.once("open", () => resolve()));
  return { ended };
}

test.skipIf(process.platform !== "linux")(
  "a revision counts when every worker has it, and a worker that says nothing is replaced",
  async () => {
    // on a busy machine a worker that only starts is silent for some seconds too
    await withTimeEnough(2_000, async (maxWorkerSilenceMs) => {
      const [path, place] = [file("silent.json"), file("silent-gateway.json")];
      writeFileSync(place, JSON.stringify({ listeners: [{ port: 0 }], limits: { ...patient, maxWorkerSilenceMs } }));
      writeFileSync(path, JSON.stringify(snapshot()));
      const group = startCommand(["gateway", "--snapshot", path, "--config", place, "--workers", "2"]);
      onTestFinished(() => void group.child.kill("SIGKILL"));
      await group.says(/running revision 1/);
      const [stopped = 0] = pids(group);
      process.kill(stopped, "SIGSTOP");
      writeFileSync(path, JSON.stringify({ ...snapshot(), revision: 2 }));
      group.child.kill("SIGHUP");
      await group.says(/Snapshot read again: running revision 2/);
      const { stderr } = group.written();
      const died = stderr.indexOf(`process ${stopped}, has died: killed, as it said nothing for more than ${maxWorkerSilenceMs} ms`);
      expect(died).toBeGreaterThanOrEqual(0);
      expect(stderr.indexOf("Snapshot read again")).toBeGreaterThan(died);
    });
  },
);

test("SIGHUP has one process take a new certificate at once", async () => {
  const [certFile, keyFile, path, place] = [file("one.crt"), file("one.key"), file("one.json"), file("one-gateway.json")];
  const write = ({ cert, key }: TestCertificate): string => {
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key);
    return new X509Certificate(cert).fingerprint256;
  };
  writeFileSync(place, JSON.stringify({ listeners: [{ port: 0, tls: { certFile, keyFile } }], limits: rarely }));
  writeFileSync(path, JSON.stringify({ ...snapshot(), routes: [] }));
  const first = write(makeCertificate());
  const one = startCommand(["gateway", "--snapshot", path, "--config", place]);
  onTestFinished(() => void one.child.kill("SIGKILL"));
  const [, url = ""] = await one.says(/Gateway at (\S+),/);
  expect(await servedFingerprint(url)).toBe(first);
  const second = write(makeCertificate());
  one.child.kill("SIGHUP");
  await one.says(/A new certificate is in use.* \[CERTIFICATE_LOADED\]/);
  expect(await servedFingerprint(url)).toBe(second);
});

const faults = [
  { flags: ["--workers", "many"], code: 2, says: /Expected a number from 1 to 256, or auto/ },
  {
    flags: ["--workers", "2", "--tls-cert", "/absent", "--tls-key", "/absent"],
    code: 2,
    says: /^The certificate in \/absent cannot be used.*\[GATEWAY_CERTIFICATE_UNUSABLE\]\n$/,
  },
  {
    flags: ["--workers", "2", "--host", "192.0.2.1"],
    code: 3,
    says: /^Cannot listen on 192\.0\.2\.1:0: this machine has no such address.*\[LISTEN_REFUSED\]\n$/,
  },
];

test.each(faults)("$flags is told once, in one line", async ({ flags, code, says }) => {
  writeFileSync(file("faults.json"), JSON.stringify({ ...snapshot(), routes: [] }));
  const { code: given, stderr } = await runCommand(["gateway", "--snapshot", file("faults.json"), "--port", "0", ...flags]);
  expect(stderr).toMatch(says);
  expect(given).toBe(code);
});
