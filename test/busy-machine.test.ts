import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openTarget, type Target } from "../packages/gateway/test/rig/target.ts";
import { here } from "./process/place.ts";
import { repositoryPath } from "./process/repository.ts";
import { openScratch, type Scratch } from "./process/scratch.ts";
import { type Started, start } from "./process/started.ts";
import { requires } from "./requirement.ts";

const PROXY = "127.0.0.9";
const CONNECTIONS = 24;
const REQUESTS = 40;

let target: Target;
let gateway: Started;
let port: number;
let scratch: Scratch;
let stress: Started;

const machine = requires("stress-ng");
beforeEach(machine.check);
beforeAll(async () => {
  if (!machine.isMet) return;
  target = await openTarget((request, response) => void response.end(String(request.headers["x-real-ip"])));
  scratch = await openScratch();
  const clientIpResolutionConfig = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: [PROXY] } };
  const snapshot = {
    organization: "local",
    environment: "demo",
    revision: 1,
    clientIpResolutionConfig,
    routes: [{ name: "all", target: target.origin }],
  };
  await writeFile(scratch.file("snapshot.json"), JSON.stringify(snapshot));
  // how late is too late is not what is tried here: other tests may keep the machine busy beside
  await writeFile(scratch.file("gateway.json"), JSON.stringify({ listeners: [{ port: 0 }], limits: { maxLoopDelayMs: 600_000 } }));
  const files = ["--snapshot", scratch.file("snapshot.json"), "--config", scratch.file("gateway.json")];
  gateway = start([process.execPath, repositoryPath("packages/cli/bin/wherefrom.js"), "gateway", ...files, "--json"], { place: here });
  const line = await gateway.ready("listens", () => /^\{.*\}\n/m.exec(gateway.stdout())?.[0]);
  port = Number(new URL((JSON.parse(line) as { readonly gateway: string }).gateway).port);
  // twice as many as there are processors, memory that is written again and again, and a disk that has to flush
  const work = ["--cpu", "4", "--vm", "1", "--vm-bytes", "64M", "--io", "1", "--hdd", "1", "--hdd-bytes", "16M"];
  stress = start(["stress-ng", ...work, "--temp-path", scratch.folder, "--timeout", "120s"], { place: here });
  await stress.ready("has begun", () => /dispatching hogs/.test(stress.stdout() + stress.stderr()));
});
afterAll(async () => {
  await stress?.stop("SIGTERM");
  await gateway?.stop();
  await target?.close();
  await scratch?.remove();
});

/** Asks one request after another over a connection, each claiming an address of its own, and gives what was answered to each: the status, and whom the target was told. */
function askAll(from: string, claims: readonly string[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", localAddress: from, noDelay: true });
    const answers: string[] = [];
    let text = "";
    const ask = (): void => void socket.write(`GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: ${claims[answers.length]}\r\n\r\n`);
    socket.once("connect", ask);
    socket.once("error", reject);
    socket.once("close", () => reject(new Error(`Closed after ${answers.length} answers: ${answers} ${text} ${gateway.stderr()}`)));
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      const [, status, length, body = ""] = /^HTTP\/1\.1 (\d+)[\s\S]*?content-length: (\d+)[\s\S]*?\r\n\r\n(.*)$/i.exec(text) ?? [];
      if (status === undefined || body.length < Number(length)) return;
      text = "";
      answers.push(`${status} ${body}`);
      if (answers.length < claims.length) return ask();
      resolve(answers);
      socket.destroy();
    });
  });
}

test("on a machine whose processors, memory and disk others keep busy, every request is answered, for the right client", async () => {
  const all = Array.from({ length: CONNECTIONS }, (_, number) => ({
    from: number % 2 === 0 ? PROXY : `127.0.1.${number}`,
    claims: Array.from({ length: REQUESTS }, (_, index) => `192.0.${number}.${index}`),
  }));
  const answers = await Promise.all(all.map(({ from, claims }) => askAll(from, claims)));
  expect(answers).toEqual(all.map(({ from, claims }) => claims.map((claim) => `200 ${from === PROXY ? claim : from}`)));
  expect(await Promise.race([stress.ended, "at work"])).toBe("at work");
});
