import { Agent } from "node:http";
import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type RunningUp, startByNpm, startUp } from "./apps/wherefrom.ts";
import { headerIndex, patchPolicy } from "./client/environment.ts";
import { askWell } from "./client/http.ts";
import { converse, greetingOf } from "./client/websocket.ts";
import { openScratch, type Scratch } from "./process/scratch.ts";

/** The header of the line that `npm start` prints to try. */
const CHAIN = { "X-Forwarded-For": "203.0.113.7, 198.51.100.9" };
const FIRST = "203.0.113.7";
const LAST = "198.51.100.9";

/** What the demo upstream answers: the resolution, its explanation and the flow variables. */
type DemoAnswer = {
  readonly ip: string | null;
  readonly outcome: string;
  readonly trust: string;
  readonly reason: string | null;
  readonly algorithm: string;
  readonly key: string | null;
  readonly explanation: {
    readonly sentences: readonly string[];
    readonly hops: readonly { readonly ip: string | null; readonly verdict: string }[];
  };
  readonly flowVariables: Readonly<Record<string, string>>;
};

let scratch: Scratch;
beforeEach(async () => {
  scratch = await openScratch();
});
afterEach(() => scratch.remove());

describe("a running system with the demo upstream", () => {
  let own: Scratch;
  let up: RunningUp;
  beforeAll(async () => {
    own = await openScratch();
    up = await startUp(own.file("data"));
  });
  afterAll(async () => {
    await up?.process.stop();
    await own?.remove();
  });

  const answerNow = (): Promise<DemoAnswer> => askWell<DemoAnswer>(up.gateway, { headers: CHAIN });

  test("it is called local and demo, and listens on loopback", () => {
    expect([up.organization, up.environment]).toEqual(["local", "demo"]);
    expect([up.gateway, up.api].map((url) => new URL(url).hostname)).toEqual(["127.0.0.1", "127.0.0.1"]);
  });

  test("nothing configured: the answer is the default rule's, with its explanation and flow variables", async () => {
    await patchPolicy(up.environmentUrl, {});
    const answer = await answerNow();
    expect(answer).toMatchObject({ ip: FIRST, outcome: "resolved", trust: "unverified", algorithm: "default", key: FIRST });
    expect(answer.explanation.sentences.length).toBeGreaterThan(0);
    expect(answer.flowVariables).toMatchObject({
      "client_ip_resolution.resolved.ip": FIRST,
      "client_ip_resolution.used.fallback": "false",
      "client_ip_resolution.algorithm": "default",
      "client.resolved.ip": FIRST,
      "client.ip": "127.0.0.1",
      "proxy.client.ip": LAST,
    });
  });

  test("a PATCH changes the very next answer, fifty times in a row", async () => {
    for (let turn = 0; turn < 50; turn += 1) {
      const [index, ip, other] = turn % 2 === 0 ? ([-1, LAST, FIRST] as const) : ([0, FIRST, LAST] as const);
      await patchPolicy(up.environmentUrl, headerIndex(index));
      const answer = await answerNow();
      expect(answer, `turn ${turn}`).toMatchObject({
        ip,
        outcome: "resolved",
        algorithm: `HeaderIndexAlgorithm{IpHeaderName:X-Forwarded-For, IpHeaderIndex: ${index}}`,
      });
      const verdicts = Object.fromEntries(answer.explanation.hops.map((hop) => [hop.ip, hop.verdict]));
      expect(verdicts[ip], `turn ${turn}`).toBe("client");
      expect(verdicts[other], `turn ${turn}`).not.toBe("client");
    }
  });

  test("a WebSocket gets the same answer as its first message", async () => {
    await patchPolicy(up.environmentUrl, headerIndex(-1));
    const [http, webSocket] = [await answerNow(), await greetingOf<DemoAnswer>(up.gateway.replace("http", "ws"), { headers: CHAIN })];
    expect(http.ip).toBe(LAST);
    for (const field of ["ip", "outcome", "trust", "algorithm", "key", "explanation", "flowVariables"] as const)
      expect(webSocket[field]).toEqual(http[field]);
  });

  test("a configuration that cannot be used is refused, and the running one goes on", async () => {
    await patchPolicy(up.environmentUrl, headerIndex(-1));
    const refused = patchPolicy(up.environmentUrl, {
      trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["10.0.0.1/8"] },
    });
    await expect(refused).rejects.toThrow("answered with 400");
    const answer = await answerNow();
    expect(answer.ip).toBe(LAST);
  });
});

/** Whether anything takes a connection there. */
function isListening(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

describe("stop and start", () => {
  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s ends it with 0 and frees its ports, with a WebSocket and a kept connection open",
    async (signal) => {
      const agent = new Agent({ keepAlive: true });
      const up = await startUp(scratch.file("data"));
      try {
        const conversation = await converse<DemoAnswer>(up.gateway.replace("http", "ws"), { headers: CHAIN });
        await askWell(up.gateway, { agent });
        const ended = await up.process.stop(signal);
        expect(ended, up.process.stderr()).toEqual({ exitCode: 0, signal: null });
        expect(await Promise.all([up.gateway, up.api].map(isListening))).toEqual([false, false]);
        await conversation.close();
      } finally {
        agent.destroy();
        await up.process.stop("SIGKILL");
      }
    },
  );

  // A supervisor signals npm alone, not its group; a shell between npm and us would keep the signal to itself.
  test.each(["SIGINT", "SIGTERM"] as const)("%s to npm start ends it with 0 and frees its ports", async (signal) => {
    const up = await startByNpm(scratch.file("data"));
    expect(await up.process.stop(signal), up.process.stderr()).toEqual({ exitCode: 0, signal: null });
    expect(await Promise.all([up.gateway, up.api].map(isListening))).toEqual([false, false]);
  });

  test("a crash keeps the configuration", async () => {
    const first = await startUp(scratch.file("data"));
    await patchPolicy(first.environmentUrl, headerIndex(-1)).finally(() => first.process.stop("SIGKILL"));
    const second = await startUp(scratch.file("data"));
    try {
      const { ip } = await askWell<DemoAnswer>(second.gateway, { headers: CHAIN });
      const { clientIpResolutionConfig } = await askWell<{ clientIpResolutionConfig: unknown }>(second.environmentUrl);
      expect(ip).toBe(LAST);
      expect(clientIpResolutionConfig).toEqual(headerIndex(-1));
    } finally {
      await second.process.stop("SIGINT");
    }
  });
});
