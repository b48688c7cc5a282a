import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GatewayOptions, Notice } from "@wherefrom/gateway";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { openTarget, type Target } from "./rig/target.ts";
import { ask, sendRaw, until, wire } from "./rig/wire.ts";

const trusting = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8"] }, fallback: "REJECT" };

const client = "X-Forwarded-For: 203.0.113.7";

let target: Target;
let folder: string;
let gateways: TestGateway[] = [];
let notices: Notice[] = [];

beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wherefrom-log-"));
  notices = [];
});
afterEach(async () => {
  for (const gateway of gateways) await gateway.close();
  gateways = [];
  rmSync(folder, { recursive: true });
});

async function open(accessLog: GatewayOptions["accessLog"], options: Partial<GatewayOptions> = {}): Promise<TestGateway> {
  const snapshot = snapshotOf([{ target: target.origin, name: "shop" }], { policy: trusting, revision: 7 });
  const onNotice = (notice: Notice): void => void notices.push(notice);
  const gateway = await openTestGateway(snapshot, { id: "edge-1", onNotice, ...(accessLog && { accessLog }), ...options });
  gateways.push(gateway);
  return gateway;
}

/** All lines of a gateway that is closed for this. */
async function linesOf(gateway: TestGateway, file = "access.log"): Promise<string[]> {
  await gateway.close();
  const text = readFileSync(join(folder, file), "latin1");
  expect(text.endsWith("\n")).toBe(true);
  return text.slice(0, -1).split("\n");
}

test("a line that was torn by a full disk or a crash is ended, and costs no other", async () => {
  const file = join(folder, "access.log");
  writeFileSync(file, '{"event":"request","torn');
  const gateway = await open({ file });
  await ask(gateway.port, "GET /first HTTP/1.1", "Host: a", client);
  gateway.reopenAccessLog();
  await ask(gateway.port, "GET /second HTTP/1.1", "Host: a", client);
  const [torn, ...lines] = await linesOf(gateway);
  expect(torn).toBe('{"event":"request","torn');
  expect(lines.map((line) => JSON.parse(line).path)).toEqual(["/first", "/second"]);
});

test("JSON: one object for a request, with who it is from and what became of it", async () => {
  const gateway = await open({ file: join(folder, "access.log") });
  const before = Date.now();
  const request = ["POST /cart?item=7 HTTP/1.1", "Host: shop.example", `${client}:4711`, "User-Agent: probe/1", "Connection: close"];
  await sendRaw(gateway.port, `${wire(...request, "Referer: https://a.example/", "Content-Length: 3")}abc`);
  const [line = ""] = await linesOf(gateway);
  const entry = JSON.parse(line) as Record<string, unknown>;
  expect(entry).toEqual({
    event: "request",
    gateway: "edge-1",
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    client: "203.0.113.7",
    clientPort: 4711,
    trust: "verified",
    outcome: "resolved",
    algorithm: "TrustedProxiesAlgorithm{IpHeaderName:X-Forwarded-For}",
    key: "203.0.113.7",
    peer: "127.0.0.1",
    method: "POST",
    host: "shop.example",
    path: "/cart?item=7",
    httpVersion: "1.1",
    status: 200,
    isComplete: true,
    requestBytes: 3,
    responseBytes: "POST /cart?item=7".length,
    durationMs: expect.any(Number),
    route: "shop",
    target: target.origin,
    attempts: 1,
    revision: 7,
    userAgent: "probe/1",
    referrer: "https://a.example/",
  });
  expect(Math.abs(Date.parse(String(entry["time"])) - before)).toBeLessThan(60_000);
});

test("combined: the line that log readers know, the resolved client first, and more behind it", async () => {
  const gateway = await open({ file: join(folder, "access.log"), format: "combined" });
  const request = ["GET /a?b HTTP/1.1", "Host: shop.example", "X-Forwarded-For: 2001:db8::7", "User-Agent: probe/1"];
  await ask(gateway.port, ...request);
  const [line] = await linesOf(gateway);
  expect(line).toMatch(
    /^2001:db8::7 - - \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET \/a\?b HTTP\/1\.1" 200 8 "-" "probe\/1" /,
  );
  expect(line).toMatch(
    / peer="127\.0\.0\.1" trust=verified outcome=resolved reason=- signed_hop=- security_action=- decision=- algorithm="TrustedProxiesAlgorithm\{IpHeaderName:X-Forwarded-For\}" host="shop\.example" fault=- route=shop target="http:\/\/127\.0\.0\.1:\d+" attempts=1 revision=7 request_bytes=0 duration_ms=[\d.]+ gateway=edge-1$/,
  );
});

const refused = [
  {
    what: "a request that has no address",
    lines: ["GET /x HTTP/1.1", "Host: a", "X-Forwarded-For: unknown"],
    json: { client: null, outcome: "rejected", reason: "hop-not-an-address", status: 400, fault: "CLIENT_ADDRESS_UNKNOWN", path: "/x" },
    combined: /^- - - \[.*\] "GET \/x HTTP\/1\.1" 400 .* reason=hop-not-an-address .* fault=CLIENT_ADDRESS_UNKNOWN route=- /,
  },
  {
    what: "one that is refused for its form, before anybody asked who it is from",
    lines: ["GET /y HTTP/1.1", "Host: a", "Host: b"],
    json: { client: null, status: 400, fault: "REQUEST_HOST_INVALID", path: "/y" },
    combined: /^- - - \[.*\] "GET \/y HTTP\/1\.1" 400 .* peer="127\.0\.0\.1" trust=- outcome=- .* fault=REQUEST_HOST_INVALID /,
  },
  {
    what: "HEAD, whose answer has no body",
    lines: ["HEAD /z HTTP/1.1", "Host: a", "X-Forwarded-For: unknown"],
    json: { method: "HEAD", status: 400, responseBytes: 0 },
    combined: /"HEAD \/z HTTP\/1\.1" 400 0 /,
  },
];

test.each(refused)("$what has a line too", async ({ lines, json, combined }) => {
  const gateway = await open({ file: join(folder, "access.log") });
  await ask(gateway.port, ...lines);
  expect(JSON.parse((await linesOf(gateway))[0] ?? "")).toMatchObject(json);
  const other = await open({ file: join(folder, "combined.log"), format: "combined" });
  await ask(other.port, ...lines);
  expect((await linesOf(other, "combined.log"))[0]).toMatch(combined);
});

/** Any byte that Node's parser lets into a field value, and the ones that matter most often. */
const hostileValue = fc
  .array(fc.oneof(fc.integer({ min: 0x20, max: 0xff }), fc.constantFrom(0x22, 0x5c, 0x9b, 0x09, 0x85, 0xe2, 0x80, 0xae)), {
    maxLength: 300,
  })
  .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0x7f)).toString("latin1"));
/** The same without what would end a request target. */
const hostileTarget = hostileValue.map((value) => `/${value.replace(/[\x00-\x20#\x7f-\xff]/g, "")}`);

test("whatever a client says, each request is one line of printable ASCII that reads back", async () => {
  const json = await open({ file: join(folder, "access.log") });
  const combined = await open({ file: join(folder, "combined.log"), format: "combined" });
  const asked: { agent: string; path: string }[] = [];
  await fc.assert(
    fc.asyncProperty(hostileValue, hostileTarget, async (agent, path) => {
      asked.push({ agent, path });
      const bytes = wire(`GET ${path} HTTP/1.1`, "Host: a", `User-Agent: ${agent}`, `Referer: ${agent}`, `X-Forwarded-For: ${agent}`);
      for (const gateway of [json, combined])
        await sendRaw(gateway.port, Buffer.from(bytes.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"), "latin1"));
    }),
    { numRuns: 60, seed: 20261125 },
  );
  const lines = await linesOf(json);
  const others = await linesOf(combined, "combined.log");
  expect([lines.length, others.length]).toEqual([asked.length, asked.length]);
  for (const [index, line] of lines.entries()) {
    expect(line).toMatch(/^[\x20-\x7e]+$/);
    const { userAgent = "", path } = JSON.parse(line) as { userAgent?: string; path: string };
    expect(`${userAgent}${path}`).not.toMatch(/[^\x20-\x7e]|"/);
    expect(readBack(path)).toBe(asked[index]?.path);
    expect(others[index]).toMatch(
      /^[\d.:a-f-]+ - - \[[^\]"]+\] "[^"]*" \d{3} \d+ "[^"]*" "[^"]*" peer="[^"]*" trust=[a-z-]+ outcome=[\x20\x21\x23-\x7e]*algorithm="[^"]*" host="[^"]*" [\x20\x21\x23-\x7e]*target="[^"]*" [\x20\x21\x23-\x7e]*$/,
    );
  }
});

/** What `escapeText` wrote, read back. */
function readBack(text: string): string {
  return text.replace(/\\(?:x([0-9a-f]{2})|\\)/g, (_, code?: string) =>
    code === undefined ? "\\" : String.fromCharCode(Number.parseInt(code, 16)),
  );
}

test("a name of the gateway that no log could hold is escaped too", async () => {
  const id = 'edge "1"\\\nü';
  const escaped = "edge \\x22" + "1\\x22\\\\\\x0a\\xfc";
  const json = await open({ file: join(folder, "access.log") }, { id });
  const combined = await open({ file: join(folder, "combined.log"), format: "combined" }, { id });
  for (const gateway of [json, combined]) await ask(gateway.port, "GET / HTTP/1.1", "Host: a");
  expect((await linesOf(json)).map((line) => JSON.parse(line).gateway)).toEqual([escaped]);
  expect((await linesOf(combined, "combined.log"))[0]?.endsWith(` gateway=${escaped}`)).toBe(true);
});

test("a long target is cut", async () => {
  const gateway = await open({ file: join(folder, "access.log") });
  await ask(gateway.port, `GET /${"a".repeat(9_000)} HTTP/1.1`, "Host: a");
  const { path } = JSON.parse((await linesOf(gateway))[0] ?? "") as { path: string };
  expect(path).toMatch(/^\/a{2047}\.\.\.$/);
});

describe("a pipe that nobody empties", () => {
  /** A pipe with a reader that reads only when it is told to. */
  function openPipe(): { path: string; readAll(): string; close(): void } {
    const path = join(folder, "pipe");
    execFileSync("mkfifo", [path]);
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const buffer = Buffer.alloc(65_536);
    const readAll = (): string => {
      let text = "";
      for (;;) {
        try {
          const bytes = readSync(fd, buffer);
          if (bytes === 0) return text;
          text += buffer.toString("latin1", 0, bytes);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === "EAGAIN") return text;
          throw error;
        }
      }
    };
    return { path, readAll, close: () => closeSync(fd) };
  }

  /** Long enough that the requests below fill a pipe and the log's buffer. */
  const request = wire("GET / HTTP/1.1", "Host: a", client, `User-Agent: ${"u".repeat(512)}`);
  /** Its line is longer than what a pipe takes undivided: JSON doubles every backslash, and the log does so before. */
  const longest = request.replace("/ ", `/${"\\".repeat(1_023)} `).replaceAll("u", "\\");

  async function askMany(gateway: TestGateway, count: number, request: string): Promise<void> {
    const answer = await sendRaw(gateway.port, request.repeat(count - 1) + request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    expect(answer.split("HTTP/1.1 200 OK").length - 1).toBe(count);
  }

  const sizes = [
    { what: "lines of a usual length", request },
    { what: "lines of more than 4,096 bytes", request: longest },
  ];

  test.each(sizes)("holds up no request; what does not fit is counted, and what fits is whole: $what", async ({ request }) => {
    const pipe = openPipe();
    const gateway = await open({ file: pipe.path }, { limits: { maxAccessLogBytes: 65_536, maxPipelinedRequests: 300 } });
    await askMany(gateway, 300, request);
    const stuck = gateway.accessLogCounts();
    expect(stuck).toMatchObject({ dropped: expect.any(Number) });
    expect(stuck?.dropped).toBeGreaterThan(0);
    expect((stuck?.recorded ?? 0) + (stuck?.dropped ?? 0) + (stuck?.waiting ?? 0)).toBe(300);
    expect(notices.filter(({ code }) => code === "ACCESS_LOG_FAILED")).toHaveLength(1);

    let text = "";
    await until(() => {
      text += pipe.readAll();
      return gateway.accessLogCounts()?.waiting === 0;
    });
    await askMany(gateway, 10, request);
    await gateway.close();
    text += pipe.readAll();
    pipe.close();
    const lines = text.slice(0, -1).split("\n");
    expect(lines.every((line) => JSON.parse(line).event === "request")).toBe(true);
    expect((lines[0] ?? "").length > 4_096).toBe(request === longest);
    const { recorded = 0, dropped = 0, waiting } = gateway.accessLogCounts() ?? {};
    expect([lines.length, recorded + dropped, waiting]).toEqual([recorded, 310, 0]);
  });

  test("holds up closing no longer than it may, and what is lost then is counted", async () => {
    const pipe = openPipe();
    const gateway = await open({ file: pipe.path }, { limits: { accessLogTimeoutMs: 50, maxPipelinedRequests: 300 } });
    await askMany(gateway, 200, request);
    await gateway.close();
    const text = pipe.readAll();
    pipe.close();
    const { recorded = 0, dropped = 0, waiting } = gateway.accessLogCounts() ?? {};
    expect([recorded + dropped, waiting]).toEqual([200, 0]);
    expect(dropped).toBeGreaterThan(0);
    expect(notices.at(-1)).toMatchObject({
      code: "ACCESS_LOG_FAILED",
      message: expect.stringMatching(`accessLogTimeoutMs \\(50 ms\\): ${dropped}$`),
    });
    // The last line may have got into the pipe half-way: then it was not recorded.
    expect(text.split("\n").length - 1).toBe(recorded);
  });
});

test("a file that was moved away keeps its lines, and the new one gets the next", async () => {
  const path = join(folder, "access.log");
  const gateway = await open({ file: path });
  await ask(gateway.port, "GET /old HTTP/1.1", "Host: a");
  renameSync(path, join(folder, "access.log.1"));
  await ask(gateway.port, "GET /old HTTP/1.1", "Host: a");
  gateway.reopenAccessLog();
  await ask(gateway.port, "GET /new HTTP/1.1", "Host: a");
  const pathsIn = (lines: readonly string[]): string[] => lines.map((line) => JSON.parse(line).path);
  expect(pathsIn(await linesOf(gateway))).toEqual(["/new"]);
  expect(pathsIn(await linesOf(gateway, "access.log.1"))).toEqual(["/old", "/old"]);
  expect(notices).toMatchObject([{ code: "SNAPSHOT_APPLIED" }, { level: "info", code: "ACCESS_LOG_REOPENED" }]);
});

test("a new file that cannot be opened changes nothing", async () => {
  const path = join(folder, "logs", "access.log");
  execFileSync("mkdir", [join(folder, "logs")]);
  const gateway = await open({ file: path });
  renameSync(join(folder, "logs"), join(folder, "moved"));
  gateway.reopenAccessLog();
  await ask(gateway.port, "GET /x HTTP/1.1", "Host: a");
  expect(await linesOf(gateway, "moved/access.log")).toHaveLength(1);
  expect(notices.at(-1)).toMatchObject({ level: "warning", code: "ACCESS_LOG_FAILED", message: expect.stringContaining("ENOENT") });
});

test("a disk that is full is said once, and costs lines and no request", async () => {
  const gateway = await open({ file: "/dev/full" }, { limits: { accessLogTimeoutMs: 50, maxPipelinedRequests: 300 } });
  for (let count = 0; count < 3; count += 1) expect((await ask(gateway.port, "GET / HTTP/1.1", "Host: a", client)).status).toBe(200);
  await until(() => notices.some(({ code }) => code === "ACCESS_LOG_FAILED"));
  await gateway.close();
  expect(gateway.accessLogCounts()).toEqual({ recorded: 0, dropped: 3, waiting: 0 });
  expect(notices.filter(({ code }) => code === "ACCESS_LOG_FAILED")).toMatchObject([
    { message: expect.stringContaining("ENOSPC") },
    { message: expect.stringMatching(/closed without its last lines.*: 3$/) },
  ]);
  await until(() => !openFiles().includes("/dev/full"));
});

/** What this process has open. */
function openFiles(): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}

const unwritable = [
  { what: "a folder that is not there", file: () => join(folder, "no", "access.log"), says: /ENOENT/ },
  { what: "a folder", file: () => folder, says: /EISDIR/ },
  {
    what: "a pipe without a reader",
    file: () => {
      execFileSync("mkfifo", [join(folder, "pipe")]);
      return join(folder, "pipe");
    },
    says: /ENXIO/,
  },
];

test.each(unwritable)("$what: the gateway does not start", async ({ file, says }) => {
  await expect(open({ file: file() })).rejects.toMatchObject({ code: "GATEWAY_LOG_UNWRITABLE", message: expect.stringMatching(says) });
});

test("a gateway without an access log has no counts", async () => {
  const gateway = await open(undefined);
  gateway.reopenAccessLog();
  expect(gateway.accessLogCounts()).toBeUndefined();
});
