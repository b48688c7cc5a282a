import { diagnose, parseFacts, readCatalogue } from "@wherefrom/diagnosis";
import { describe, expect, test } from "vitest";
import { PROVIDERS } from "wherefrom";
import { examineLogs, type LogsExamination } from "../../src/access-log/examine-logs.ts";

type Line = {
  readonly peer: string;
  readonly chain?: string;
  readonly status?: number;
  readonly request?: string;
  readonly agent?: string;
  readonly minute?: number;
};

const textOf = ({ peer, chain = "-", status = 200, request = "GET / HTTP/1.1", agent = "curl/8", minute = 0 }: Line): string =>
  `${peer} - - [25/Nov/2026:09:${String(minute).padStart(2, "0")}:08 +0000] "${request}" ${status} 17 "-" "${agent}" "${chain}"\n`;

/** A log of so many lines, each made from its number. */
const log = (count: number, line: (at: number) => Line): string => Array.from({ length: count }, (_, at) => textOf(line(at))).join("");

function examine(
  text: string,
  options: {
    readonly policy?: Readonly<Record<string, unknown>>;
    readonly split?: number;
    readonly since?: number;
    readonly until?: number;
  } = {},
): Promise<LogsExamination> {
  const bytes = async function* () {
    yield Buffer.from(text);
  };
  return examineLogs({
    source: { kind: "stream", name: "-", bytes: bytes() },
    mappings: [],
    providers: PROVIDERS,
    trusted: ["provider:private"],
    depth: 3,
    workers: 1,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    ...options,
  });
}

const client = (at: number): string => `203.0.113.${at % 40}`;
const index = (at: number): Readonly<Record<string, unknown>> => ({
  headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: at },
});

describe("what stands out, which policy would fit, and what a diagnosis is told", () => {
  const rows: {
    name: string;
    text: string;
    policy?: Readonly<Record<string, unknown>>;
    findings: readonly string[];
    proposal: object;
    facts: object;
    cause?: string;
  }[] = [
    {
      name: "clients connect directly",
      text: log(100, (at) => ({ peer: client(at) })),
      findings: [],
      proposal: { kind: "proposed", proposals: [{ policy: { peerAddressAlgorithm: {} }, resolved: 100, lines: 100 }] },
      facts: { "peer.scope": "public", "peer.constant": false, "peer.diversePublic": true, "hdr.forwarding": "none" },
    },
    {
      name: "a firewall hides everybody",
      text: log(100, (at) => ({ peer: "10.77.0.1", agent: `device/${at % 5}` })),
      findings: ["one-address", "private-results"],
      proposal: { kind: "none", why: "client-hidden" },
      facts: { "peer.scope": "private", "peer.constant": true, "hdr.forwarding": "none" },
    },
    {
      name: "one client alone does not make a peer that all share",
      text: log(100, () => ({ peer: "10.77.0.1" })),
      findings: ["one-address", "private-results"],
      proposal: { kind: "none", why: "client-hidden" },
      facts: { "peer.scope": "private", "hdr.forwarding": "none" },
    },
    {
      name: "two proxies write the chain, and some clients forge a hop",
      text: log(200, (at) => ({ peer: `10.0.0.${1 + (at % 2)}`, chain: `${at % 10 === 0 ? "1.2.3.4, " : ""}${client(at)}, 10.0.1.9` })),
      policy: index(-2),
      findings: [],
      proposal: {
        kind: "proposed",
        proposals: [
          {
            policy: {
              headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: -2, trustedPeers: ["10.0.0.1", "10.0.0.2"] },
            },
            hops: 2,
            distinct: 40,
            local: 0,
          },
        ],
      },
      facts: { "peer.pool": true, "hdr.forwarding": "xff", "hdr.xffHasPrivateTail": true, "res.usedFallback": false },
    },
    {
      name: "the index is one too small, and the proxy comes out",
      text: log(100, (at) => ({ peer: "10.0.0.1", chain: `${client(at)}, 10.0.1.9` })),
      policy: index(-1),
      findings: ["one-address", "private-results"],
      proposal: { kind: "proposed", proposals: [{ hops: 2 }] },
      facts: { "res.equals": "private", "hdr.xffHasPrivateTail": true },
    },
    {
      name: "half of the lines come past the proxy",
      text: log(100, (at) => (at % 2 === 0 ? { peer: "10.0.0.1", chain: client(at) } : { peer: client(at) })),
      policy: { ...index(-1), fallback: "REJECT" },
      findings: ["no-address"],
      proposal: { kind: "none", why: "not-stable" },
      facts: { "hdr.forwarding": "xff" },
    },
    {
      name: "a cloud provider's proxies come out as clients",
      text: log(100, (at) => ({ peer: `104.16.0.${at % 30}` })),
      findings: ["provider-results"],
      proposal: { kind: "proposed" },
      facts: {},
    },
    {
      name: "handshakes of WebSockets have no header",
      text: log(100, (at) => (at % 2 === 0 ? { peer: "10.0.0.1", chain: client(at) } : { peer: "10.0.0.1", status: 101 })),
      policy: index(-1),
      findings: ["private-results", "fallbacks", "websocket-differs"],
      proposal: { kind: "none", why: "not-stable" },
      facts: { "cmp.wsOnly": true, "res.usedFallback": true },
      cause: "ws-location-missing-headers",
    },
    {
      name: "somebody speaks PROXY protocol",
      text: log(40, (at) => ({ peer: client(at), ...(at % 4 === 0 && { status: 400, request: "PROXY TCP4 203.0.113.7 10.0.0.1 4 5" }) })),
      findings: ["proxy-preamble"],
      proposal: { kind: "proposed" },
      facts: { "log.proxyPreamble": "v1" },
      cause: "proxy-protocol-unexpected",
    },
    {
      name: "a handful of lines says nothing",
      text: log(5, (at) => ({ peer: client(at) })),
      findings: [],
      proposal: { kind: "none", why: "too-few-lines" },
      facts: {},
    },
    {
      name: "lines of something else are counted",
      text: `${log(50, (at) => ({ peer: client(at) }))}${"what is this\n".repeat(4)}`,
      findings: ["malformed"],
      proposal: { kind: "proposed" },
      facts: {},
    },
  ];
  test.each(rows)("$name", async ({ text, policy, findings, proposal, facts, cause }) => {
    const found = await examine(text, policy === undefined ? {} : { policy });
    expect(found.findings.map(({ kind }) => kind)).toEqual(findings);
    expect(found.proposal).toMatchObject(proposal);
    expect(found.facts).toMatchObject(facts);
    const catalogue = readCatalogue();
    const reading = parseFacts(found.facts, catalogue);
    expect(reading.kind).toBe("facts");
    if (cause !== undefined && reading.kind === "facts") expect(diagnose(catalogue, reading.facts).causes[0]?.id).toBe(cause);
  });
});

test("one peer for one client is not told as a peer that all share", async () => {
  const { facts } = await examine(log(100, () => ({ peer: "10.77.0.1" })));
  expect(facts).not.toHaveProperty("peer.constant");
});

describe("times", () => {
  const at = (minute: number): number => Date.UTC(2026, 10, 25, 9, minute);
  const text = log(120, (line) => ({ peer: line < 60 ? "10.77.0.1" : client(line), minute: Math.floor(line / 2) }));

  test("what came before and after a change is set side by side", async () => {
    const { summary, findings } = await examine(text, { split: at(30) });
    expect([summary.before?.traffic.lines, summary.after?.traffic.lines]).toEqual([60, 60]);
    expect(findings.map(({ kind }) => kind)).toContain("split-differs");
    expect({ from: summary.from, to: summary.to }).toEqual({ from: "2026-11-25T09:00:08.000Z", to: "2026-11-25T09:59:08.000Z" });
  });

  test("lines outside of the asked time are left out", async () => {
    const { summary, findings } = await examine(text, { since: at(30), until: at(40) });
    expect({ outside: summary.outside, lines: summary.whole.traffic.lines, findings }).toEqual({ outside: 100, lines: 20, findings: [] });
  });
});

const jsonLog = (line: (at: number) => object): string => Array.from({ length: 60 }, (_, at) => `${JSON.stringify(line(at))}\n`).join("");

describe("what a log does not have nobody knows", () => {
  const nginx = (at: number): object => ({
    remote_addr: "10.0.0.1",
    status: "200",
    time: "2026-11-25T09:50:08Z",
    user_agent: `a/${at % 5}`,
  });
  const rows: { name: string; text: string; why: string; forwarding: string | undefined }[] = [
    { name: "JSON without a member for a header", text: jsonLog(nginx), why: "no-header-logged", forwarding: undefined },
    {
      name: "JSON with an empty one",
      text: jsonLog((at) => ({ ...nginx(at), http_x_forwarded_for: "" })),
      why: "client-hidden",
      forwarding: "none",
    },
    {
      name: "JSON of all headers",
      text: jsonLog(() => ({ ts: 1795600208, request: { remote_ip: "10.0.0.1", method: "GET", headers: {} }, status: 200 })),
      why: "client-hidden",
      forwarding: "none",
    },
    {
      name: "Traefik's common log, which has the header or the peer in one place",
      text: Array.from(
        { length: 60 },
        (_, at) =>
          `${at % 2 === 0 ? client(at) : `${client(at)}, 10.0.0.9`} - - [25/Nov/2026:09:50:08 +0000] "GET / HTTP/1.1" 200 17 "-" "-" 1 "a" "b" 3ms\n`,
      ).join(""),
      why: "no-header-logged",
      forwarding: undefined,
    },
  ];
  test.each(rows)("$name", async ({ text, why, forwarding }) => {
    const { proposal, facts } = await examine(text);
    expect({ proposal, forwarding: facts["hdr.forwarding"] }).toEqual({ proposal: { kind: "none", why }, forwarding });
  });

  test("a chain in place of an address is no address", async () => {
    const { summary } = await examine(rows.at(-1)?.text ?? "");
    expect(summary).toMatchObject({ lines: 60, malformed: 0 });
    expect(summary.whole.recorded).toMatchObject({ outcomes: { resolved: 30, rejected: 30 }, reasons: { "hop-not-an-address": 30 } });
  });
});

test("a comma between quotes of Forwarded divides no hops", async () => {
  const chains = ['for=192.0.2.1;by="a, b"', 'for=192.0.2.1, for="[2001:db8::1]"', 'for=192.0.2.1;by="\\", b", for=192.0.2.2', '"a, b'];
  const { summary } = await examine(
    jsonLog((at) => ({ remote_addr: "10.0.0.1", status: 200, time: "2026-11-25T09:50:08Z", http_forwarded: chains[at % 4] })),
  );
  expect(summary.whole.traffic.hops.slice(0, 4)).toEqual([0, 30, 30, 0]);
});

test("names in a log are names, whatever they are", async () => {
  const line =
    '{"event":"request","gateway":"g","time":"2026-11-25T09:50:08.000Z","client":"constructor","outcome":"__proto__","reason":"constructor","peer":"10.0.0.1","status":200,"isComplete":true,"revision":7}\n';
  const { summary } = await examine(line.repeat(3), {
    policy: { headerIndexAlgorithm: { ipHeaderName: "constructor", ipHeaderIndex: 0 } },
  });
  expect(summary.whole.recorded).toMatchObject({
    lines: 3,
    outcomes: { rejected: 3 },
    reasons: { "hop-not-an-address": 3 },
    top: [],
  });
});

test("the gateway's own log is judged by what it says itself", async () => {
  const line = (at: number): string =>
    `{"event":"request","gateway":"g","time":"2026-11-25T09:50:08.000Z","client":${at % 4 === 0 ? "null" : `"${client(at)}"`},"trust":"verified","outcome":"resolved"${at % 4 === 0 ? ',"reason":"header-absent"' : ""},"peer":"10.0.0.1","status":200,"isComplete":true,"revision":7}\n`;
  const { summary, findings } = await examine(Array.from({ length: 100 }, (_, at) => line(at)).join(""));
  expect(findings.map(({ kind }) => kind)).toEqual(["no-address"]);
  expect(summary.whole.recorded).toMatchObject({
    id: "log",
    lines: 100,
    outcomes: { resolved: 75, rejected: 25 },
    reasons: { "header-absent": 25 },
    distinct: 30,
  });
});
