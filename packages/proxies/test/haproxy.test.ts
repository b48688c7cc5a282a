import { describe, expect, test } from "vitest";
import { notationOf } from "../src/notation.ts";
import { readConfig } from "../src/read-config.ts";
import type { Include } from "../src/source.ts";

const defaults = "defaults\n  mode http\n";
const listen = (...lines: readonly string[]): string =>
  `${defaults}listen web\n  bind :80\n  server app 10.0.0.9:8000\n  ${lines.join("\n  ")}\n`;
const readHaproxy = (text: string, include?: Include): ReturnType<typeof readConfig> =>
  readConfig({ name: "haproxy.cfg", text }, { kind: "haproxy", ...(include && { include }) });

describe("findings with their line", () => {
  test.each([
    { says: "a line is added", text: listen("option forwardfor"), findings: [] },
    { says: "nothing is written", text: listen(), findings: ["CLIENT_LOST 3"] },
    { says: "a client can keep its own", text: listen("option forwardfor if-none"), findings: ["CLAIM_KEEPS_HEADER 6"] },
    {
      says: "a header is believed whoever sends it",
      text: listen("option forwardfor", "http-request set-src hdr(x-forwarded-for)"),
      findings: ["CLAIM_PASSED 6", "TRUSTS_EVERYONE 7"],
    },
    {
      says: "an element from the left is believed",
      text: listen("option forwardfor", "http-request set-src hdr(x-forwarded-for,2) if { src 10.0.0.0/8 }"),
      findings: ["CLAIM_BELIEVED 7"],
    },
    {
      says: "a header of the load balancer alone",
      text: listen("option forwardfor", "http-request set-src hdr(x-real-ip) if { src 10.0.0.0/8 }"),
      findings: [],
    },
    { says: "a preamble from anyone", text: listen("option forwardfor", "bind :81 accept-proxy"), findings: ["PREAMBLE_FROM_ANYONE 7"] },
    {
      says: "a preamble where all others are turned away",
      text: `${defaults}listen web\n  bind :81 accept-proxy\n  tcp-request connection reject unless { src 10.0.0.0/8 }\n  option forwardfor\n  server a b:1\n`,
      findings: [],
    },
    {
      says: "bytes, for nothing else is said",
      text: "listen web\n  bind :80\n  option forwardfor\n  server a b:1\n",
      findings: ["CLIENT_LOST 1"],
    },
    {
      says: "written at two places",
      text: listen("option forwardfor", "http-request add-header X-Forwarded-For %[src]"),
      findings: ["WRITTEN_TWICE 6"],
    },
    // what nobody knows is no reason to say that the client is lost
    { says: "a value that is decided at run time", text: listen("http-request set-header X-Forwarded-For %[lua.who]"), findings: [] },
  ])("$says", ({ text, findings }) => {
    const found = readHaproxy(text).findings.filter(({ severity }) => severity !== "note");
    expect(found.map(({ code, place }) => `${code.replace("FINDING_", "")} ${place.line}`)).toEqual(findings);
  });
});

test.each([
  {
    says: "each way of a frontend",
    text: `${defaults}backend a\n  server s one:1 send-proxy\n  server t two:1\n  server u three:1\nbackend b\n  source 0.0.0.0 usesrc clientip\n  server s b:1\nfrontend f\n  bind :80,:81\n  option forwardfor\n  use_backend a if { path /a }\n  default_backend b\n`,
    ways: [
      "peer -> client = peer -> X-Forwarded-For: received + line client -> PROXY protocol v1: client -> one:1",
      "peer -> client = peer -> X-Forwarded-For: received + line client -> two:1, three:1",
      "peer -> client = peer -> X-Forwarded-For: received + line client -> from the client's own address -> b:1",
    ],
  },
  {
    says: "a backend that is chosen by the request may be any",
    text: `${defaults}backend a\n  server s a:1\nbackend b\n  server s b:1\nfrontend f\n  bind :80\n  use_backend %[req.hdr(host)]\n`,
    ways: ["peer -> client = peer -> headers as they came -> a:1", "peer -> client = peer -> headers as they came -> b:1"],
  },
  {
    says: "a condition stands beside what it holds for",
    text: listen("http-request set-header X-Real-IP %[hdr(cf-connecting-ip)] if { path / } { src 10.0.0.1 }"),
    ways: ["peer -> client = peer -> X-Real-IP: element -1 of CF-Connecting-IP (if { path / } { src 10.0.0.1 }) -> 10.0.0.9:8000"],
  },
  {
    says: "two sources of the client are too many to say which holds",
    text: listen("http-request set-src hdr(a) if { src 10.0.0.1 }", "http-request set-src hdr(b) if { src 10.0.0.2 }"),
    ways: ["peer -> client = ? (set-src hdr(b) if { src 10.0.0.2 }) -> headers as they came -> 10.0.0.9:8000"],
  },
  {
    says: "RFC 7239, since 2.8",
    text: listen("option forwarded for"),
    ways: ["peer -> client = peer -> Forwarded: received + line for=client -> 10.0.0.9:8000"],
  },
])("$says", ({ text, ways }) => {
  expect(readHaproxy(text).passages.map(notationOf)).toEqual(ways);
});

test("networks of a file are read, and a file that is not there makes it unknown", () => {
  const text = listen("acl lb src -f lb.lst", "http-request set-src hdr(x-real-ip) if lb");
  const lists: Include = (name) => ({ files: [{ name, text: "# ours\n10.0.0.0/8\n\n 192.0.2.1 \n" }], skipped: [] });
  expect(readHaproxy(text, lists).passages[0]).toMatchObject({ client: { trust: { entries: ["10.0.0.0/8", "192.0.2.1/32"] } } });
  expect(readHaproxy(text).passages[0]).toMatchObject({
    client: { kind: "unknown", why: "set-src hdr(x-real-ip) if lb", place: { file: "haproxy.cfg", line: 7, column: 3 } },
  });
});

test("what is not understood is told with its line, and the rest is read", () => {
  const lines = ["http-request lua.fix", "default_backend elsewhere", '# "', 'log "a', ".if defined(X)", "option forwardfor", ".endif"];
  const { issues, others } = readHaproxy(`bind :1\n${listen(...lines)}`);
  expect(issues.map(({ code, given, place }) => `${code} ${place.line}: ${given}`)).toEqual([
    "CONFIG_UNEXPECTED 1: bind",
    'CONFIG_NOT_CLOSED 10: "a',
    "CONFIG_NOT_UNDERSTOOD 11: .if defined(X)",
    "CONFIG_NOT_UNDERSTOOD 7: http-request lua.fix",
    "CONFIG_UNEXPECTED 8: elsewhere",
  ]);
  expect(others).toEqual({ listen: 1, log: 1 });
});

test("what may change the address and is not followed is told with its line", () => {
  const lines = [
    "reqidel ^X-Forwarded-For:.*",
    "option http-tunnel",
    "bind :81 accept-netscaler-cip 1",
    "source 0.0.0.0 usesrc hdr_ip(x-forwarded-for,-1)",
    "server b 10.0.0.9:1 source 0.0.0.0 usesrc clientip",
    "dispatch 10.0.0.9:2",
    "use-fcgi-app php",
    "filter lua.headers",
    "filter compression",
  ];
  const { issues, others } = readHaproxy(listen(...lines));
  expect(issues.map(({ code, place, given }) => `${code} ${place.line}: ${given}`)).toEqual(
    [6, 7, 8, 9, 11, 12, 13].map((line) => `CONFIG_NOT_UNDERSTOOD ${line}: ${lines[line - 6]}`),
  );
  expect(others).toEqual({ filter: 1 });
});

test("many ways and many rules end at their limits", () => {
  const backends = Array.from({ length: 100 }, (_, index) => `backend b${index}\n  server s b:1\n`).join("");
  const frontends = Array.from({ length: 100 }, (_, index) => `frontend f${index}\n  bind :80\n  use_backend %[path]\n`).join("");
  expect(readHaproxy(`${defaults}${backends}${frontends}`).passages).toHaveLength(2_000);
  const rules = Array.from({ length: 5_000 }, () => "http-request add-header X-Real-IP %[src]");
  expect(readHaproxy(listen(...rules)).issues.map(({ code }) => code)).toEqual(["CONFIG_LIMIT_REACHED"]);
  const ruled = readHaproxy(Array.from({ length: 30 }, () => listen(...rules.slice(0, 900))).join(""));
  expect([ruled.passages.length, ruled.issues.map(({ code }) => code)]).toEqual([22, ["CONFIG_LIMIT_REACHED"]]);
});
