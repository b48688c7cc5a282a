import { describe, expect, test } from "vitest";
import { notationOf } from "../src/notation.ts";
import { readConfig } from "../src/read-config.ts";
import type { Include } from "../src/source.ts";

const readCaddy = (text: string, include?: Include): ReturnType<typeof readConfig> =>
  readConfig({ name: "Caddyfile", text }, { kind: "caddy", ...(include && { include }) });
const site = (...lines: readonly string[]): string => `example.com {\n\treverse_proxy app:8000\n\t${lines.join("\n\t")}\n}\n`;
const proxy = (...lines: readonly string[]): string => `example.com {\n\treverse_proxy app:8000 {\n\t\t${lines.join("\n\t\t")}\n\t}\n}\n`;
const servers = (...lines: readonly string[]): string => `{\n\tservers {\n\t\t${lines.join("\n\t\t")}\n\t}\n}\n${site()}`;

describe("findings with their line", () => {
  test.each([
    { says: "Caddy by itself", text: site(), findings: [] },
    {
      says: "what came is copied",
      text: proxy("header_up X-Forwarded-For {header.X-Forwarded-For}"),
      findings: ["CLIENT_LOST 2"],
    },
    { says: "nothing is written", text: proxy("header_up -X-Forwarded-For"), findings: ["CLIENT_LOST 2"] },
    { says: "everybody is trusted", text: proxy("trusted_proxies 0.0.0.0/0"), findings: [] },
    { says: "the leftmost element is believed", text: servers("trusted_proxies static 10.0.0.0/8"), findings: ["CLAIM_BELIEVED 3"] },
    { says: "from the right", text: servers("trusted_proxies static 10.0.0.0/8", "trusted_proxies_strict"), findings: [] },
    {
      says: "a header that a request can have dropped",
      text: site("request_header X-Real-IP {remote_host}"),
      findings: ["LISTED_DROPPED 3"],
    },
    { says: "the same where the request has no say", text: proxy("header_up X-Real-IP {remote_host}"), findings: [] },
  ])("$says", ({ text, findings }) => {
    const found = readCaddy(text).findings.filter(({ severity }) => severity !== "note");
    expect(found.map(({ code, place }) => `${code.replace("FINDING_", "")} ${place.line}`)).toEqual(findings);
  });
});

const own = "X-Forwarded-For: client -> app:8000";
describe("what Debian's Caddy has not, as it is documented", () => {
  test.each([
    {
      options: ["trusted_proxies static private_ranges"],
      way: "peer -> client = leftmost of X-Forwarded-For, from 192.168.0.0/16 172.16.0.0/12 10.0.0.0/8 127.0.0.0/8 fd00::/8 ::1/128 -> X-Forwarded-For: received from 192.168.0.0/16 172.16.0.0/12 10.0.0.0/8 127.0.0.0/8 fd00::/8 ::1/128 + peer -> app:8000",
    },
    {
      options: ["trusted_proxies static 10.0.0.1", "client_ip_headers CF-Connecting-IP X-Forwarded-For", "trusted_proxies_strict"],
      way: "peer -> client = first untrusted from the right of CF-Connecting-IP or X-Forwarded-For, from 10.0.0.1/32 -> X-Forwarded-For: received from 10.0.0.1/32 + peer -> app:8000",
    },
    {
      options: ["trusted_proxies cloudflare"],
      way: "peer -> client = leftmost of X-Forwarded-For, from ? (cloudflare) -> X-Forwarded-For: received from ? (cloudflare) + peer -> app:8000",
    },
    {
      options: ["listener_wrappers {", "proxy_protocol {", "allow 10.0.0.0/8", "}", "tls", "}"],
      way: `peer -> PROXY protocol from 10.0.0.0/8 -> client = PROXY protocol, from 10.0.0.0/8 -> ${own}`,
    },
    {
      options: ["listener_wrappers {", "proxy_protocol", "}"],
      way: `peer -> PROXY protocol from ? (proxy_protocol) -> client = PROXY protocol, from ? (proxy_protocol) -> ${own}`,
    },
  ])("$options", ({ options, way }) => {
    expect(readCaddy(servers(...options)).passages.map(notationOf)).toEqual([way]);
  });

  test("options of one listener hold for its sites", () => {
    const options = "{\n\tservers :8443 {\n\t\ttrusted_proxies static 10.0.0.0/8\n\t}\n}\n";
    const { passages } = readCaddy(`${options}${site()}:8443 {\n\treverse_proxy app:8000\n}\n`);
    expect(passages.map((passage) => notationOf(passage).includes("leftmost"))).toEqual([false, true]);
  });

  test.each([
    { says: "in lines of its own", text: "<<END\n\t\t\t{remote_host}\n\t\t\tEND" },
    { says: "up to its marker, wherever that stands", text: "<<END\n{remote_host}\nEND" },
  ])("a text $says is what a header is set to, without what stands in front of its marker", ({ text }) => {
    const { passages, issues } = readCaddy(proxy(`header_up X-Real-IP ${text}`, "header_up X-Client-IP 10.0.0.9"));
    expect(passages.map(notationOf)).toEqual([
      "peer -> client = peer -> X-Forwarded-For: client -> X-Real-IP: client -> X-Client-IP: 10.0.0.9 -> app:8000",
    ]);
    expect(issues).toEqual([]);
  });

  test("a PROXY protocol header goes to the upstream", () => {
    const { passages } = readCaddy(proxy("transport http {", "proxy_protocol v2", "}"));
    expect(passages.map(notationOf)).toEqual(["peer -> client = peer -> X-Forwarded-For: client -> PROXY protocol v2: client -> app:8000"]);
  });
});

test.each([
  { says: "a site without braces", text: "example.com\n\nreverse_proxy app:8000\n", names: ["example.com"] },
  {
    says: "addresses over lines",
    text: "a.example,\nb.example, c.example {\n\treverse_proxy app\n}\n",
    names: ["a.example b.example c.example"],
  },
  {
    says: "places in places",
    text: "a.example {\n\thandle_path /api/* {\n\t\troute @x {\n\t\t\treverse_proxy /v1 app\n\t\t}\n\t}\n}\n",
    names: ["a.example /api/* @x /v1"],
  },
  { says: "a route with a name", text: "&(app) {\n\treverse_proxy app\n}\na.example {\n\tinvoke /x app\n}\n", names: ["a.example /x"] },
  { says: "comments, quotes and joined lines", text: 'a.example { # "\n\treverse_proxy \\\n\t\t"app" `b`\n}\n', names: ["a.example"] },
  {
    says: "words behind a text over lines",
    text: "a.example {\n\trespond <<HTML\n\t}\n\tHTML 200\n\treverse_proxy app\n}\n",
    names: ["a.example"],
  },
  {
    says: "other services once there is an answer",
    text: "a.example {\n\tintercept {\n\t\t@e status 5xx\n\t\thandle_response @e {\n\t\t\treverse_proxy sorry\n\t\t}\n\t}\n\treverse_proxy app {\n\t\thandle_response {\n\t\t\treverse_proxy /x other\n\t\t}\n\t}\n}\n",
    names: ["a.example @e", "a.example", "a.example /x"],
  },
  { says: "a text over lines", text: "a.example {\n\trespond <<HTML\n\t}\n\tHTML\n\treverse_proxy app\n}\n", names: ["a.example"] },
])("$says", ({ text, names }) => {
  const { passages, issues } = readCaddy(text);
  expect([passages.map(({ name }) => name), issues]).toEqual([names, []]);
});

test("imports are read in their place, with their own names, and those that go round end", () => {
  const files: Readonly<Record<string, string>> = {
    "up.conf": "header_up X-Real-IP {remote_host}\n",
    "sites/a": "a.example {\n\timport p a:1\n}\n",
  };
  const include: Include = (name) =>
    files[name] === undefined
      ? { files: [], skipped: [{ name, why: "not-there" }] }
      : { files: [{ name, text: files[name] }], skipped: [] };
  const text =
    "(p) {\n\treverse_proxy {args[:]} {\n\t\timport up.conf\n\t}\n}\n(round) {\n\timport round\n}\nimport sites/a\nimport missing\nb.example {\n\timport round\n\timport p b:1 c:1\n}\n";
  const { passages, issues } = readCaddy(text, include);
  expect(passages.map(({ name, place }) => `${name} ${place.file}:${place.line}`)).toEqual([
    "a.example Caddyfile:2",
    "b.example Caddyfile:2",
  ]);
  expect(passages[1]).toMatchObject({
    target: "b:1, c:1",
    headers: [{ header: "x-forwarded-for" }, { place: { file: "up.conf", line: 1 } }],
  });
  expect(issues.map(({ code, given }) => `${code} ${given}`)).toEqual(["CONFIG_INCLUDE_UNREAD missing", "CONFIG_LIMIT_REACHED round"]);
});

test("what is not understood is told with its line, and the rest is read", () => {
  const { issues, passages } = readCaddy(`${site("realip {", "from cloudflare", "}", "invoke nothing")}}\nb.example {\n\trespond "a`);
  expect(issues.map(({ code, place, given }) => `${code} ${place.line}: ${given}`)).toEqual([
    "CONFIG_UNEXPECTED 8: }",
    "CONFIG_NOT_CLOSED 10: the end of the file",
    "CONFIG_NOT_CLOSED 9: the end of the file",
    "CONFIG_NOT_UNDERSTOOD 3: realip",
    "CONFIG_UNEXPECTED 6: nothing",
  ]);
  expect(passages).toHaveLength(1);
});

test("what may change the address and is not followed is told with its line", () => {
  const text = [
    "{",
    "\torder request_header after reverse_proxy",
    "\torder replace after encode",
    "\tlayer4 {",
    "\t}",
    "}",
    "a.example {",
    "\tforward_auth auth:1 {",
    "\t\tcopy_headers Remote-User User>X-Real-IP",
    "\t}",
    "\tforward_auth auth:1 {",
    "\t\tcopy_headers Remote-User",
    "\t}",
    "\tphp_fastcgi php:9000",
    "\treverse_proxy app {",
    "\t\ttransport fastcgi",
    "\t}",
    "}",
  ].join("\n");
  const { issues, others, passages } = readCaddy(text);
  expect(issues.map(({ code, place, given }) => `${code} ${place.line}: ${given}`).toSorted()).toEqual([
    "CONFIG_NOT_UNDERSTOOD 14: php_fastcgi php:9000",
    "CONFIG_NOT_UNDERSTOOD 16: transport fastcgi",
    "CONFIG_NOT_UNDERSTOOD 2: order request_header after reverse_proxy",
    "CONFIG_NOT_UNDERSTOOD 4: layer4",
    "CONFIG_NOT_UNDERSTOOD 8: forward_auth auth:1",
  ]);
  expect([others, passages]).toEqual([{ order: 1, forward_auth: 1 }, []]);
});

test("snippets that grow and routes that call each other end at their limits", () => {
  const many = (name: string, what: string): string => `${name} {\n${`\t${what}\n`.repeat(9)}}\n`;
  const grown = Array.from({ length: 15 }, (_, at) => many(`(s${at})`, at === 0 ? "header_up X-Real-IP a" : `import s${at - 1}`)).join("");
  expect(readCaddy(`${grown}${proxy("import s14")}`).issues.map(({ code }) => code)).toContain("CONFIG_LIMIT_REACHED");
  const called = Array.from({ length: 15 }, (_, at) => many(`&(r${at})`, at === 0 ? "respond ok" : `invoke r${at - 1}`)).join("");
  expect(readCaddy(`${called}a.example {\n\tinvoke r14\n}\n`).issues.map(({ code }) => code)).toContain("CONFIG_LIMIT_REACHED");
});
