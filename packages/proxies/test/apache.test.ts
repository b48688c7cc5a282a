import { describe, expect, test } from "vitest";
import { notationOf } from "../src/notation.ts";
import { readConfig } from "../src/read-config.ts";
import type { Include } from "../src/source.ts";

const readApache = (text: string, include?: Include): ReturnType<typeof readConfig> =>
  readConfig({ name: "site.conf", text }, { kind: "apache", ...(include && { include }) });
const host = (...lines: readonly string[]): string =>
  `<VirtualHost *:80>\nServerName a.example\nProxyPass / http://app:8000/\n${lines.join("\n")}\n</VirtualHost>\n`;

describe("findings with their line", () => {
  test.each([
    { says: "Apache by itself", text: host(), findings: [] },
    { says: "nothing is written", text: host("ProxyAddHeaders Off"), findings: ["CLIENT_LOST 3"] },
    {
      says: "everybody is believed where no list stands",
      text: host("RemoteIPHeader X-Forwarded-For"),
      findings: ["CLAIM_PASSED 3", "TRUSTS_EVERYONE 4"],
    },
    { says: "one network is", text: host("RemoteIPHeader X-Forwarded-For", "RemoteIPInternalProxy 10.0.0.0/8"), findings: [] },
    { says: "a name is looked up", text: host("RemoteIPHeader X-Real-IP", "RemoteIPInternalProxy lb.example"), findings: [] },
    { says: "a preamble from anyone", text: host("RemoteIPProxyProtocol On"), findings: ["PREAMBLE_FROM_ANYONE 4"] },
    {
      says: "a header that a request can have dropped",
      text: host("RequestHeader set X-Real-IP expr=%{REMOTE_ADDR}"),
      findings: ["LISTED_DROPPED 4"],
    },
    {
      says: "the client's address twice",
      text: host("RequestHeader append X-Forwarded-For expr=%{REMOTE_ADDR}"),
      findings: ["WRITTEN_TWICE 3"],
    },
  ])("$says", ({ text, findings }) => {
    const found = readApache(text).findings.filter(({ severity }) => severity !== "note");
    expect(found.map(({ code, place }) => `${code.replace("FINDING_", "")} ${place.line}`)).toEqual(findings);
  });
});

test.each([
  {
    says: "a host takes over what the main server passes on, and its own location",
    text: `ProxyPass /api http://api/\n${host("<Location /x>", "ProxyPass ws://x/", "RequestHeader unset X-Forwarded-For", "</Location>")}`,
    ways: [
      "main server /api: peer -> client = peer -> X-Forwarded-For: received + client -> http://api/",
      "VirtualHost *:80 a.example /x: peer -> client = peer -> X-Forwarded-For: removed -> X-Forwarded-For: received + client -> ws://x/",
      "VirtualHost *:80 a.example /api: peer -> client = peer -> X-Forwarded-For: received + client -> http://api/",
      "VirtualHost *:80 a.example /: peer -> client = peer -> X-Forwarded-For: received + client -> http://app:8000/",
    ],
  },
  {
    says: "patterns stand beside what they hold for, and what is excluded is no way",
    text: host("ProxyPass /static !", '<LocationMatch "^/a">', "RequestHeader set X-Real-IP %{REMOTE_ADDR}s", "</LocationMatch>"),
    ways: [
      "VirtualHost *:80 a.example /: peer -> client = peer -> X-Real-IP: %{REMOTE_ADDR}s (<locationmatch ^/a>) -> X-Forwarded-For: received + client -> http://app:8000/",
    ],
  },
  {
    says: "of lists in both servers nobody knows which hold",
    text: `RemoteIPTrustedProxy 192.0.2.1\n${host("RemoteIPHeader X-Forwarded-For", "RemoteIPInternalProxy 10.0.0.0/8")}`,
    ways: [
      "VirtualHost *:80 a.example /: peer -> client = first untrusted from the right of X-Forwarded-For, from ? (lists in the main server and in the virtual host: which of them hold depends on the release) -> X-Forwarded-For: received + client -> http://app:8000/",
    ],
  },
  {
    says: "a host without lists takes those of the main server",
    text: `RemoteIPInternalProxy 192.0.2.1\n${host("RemoteIPHeader X-Forwarded-For")}`,
    ways: [
      "VirtualHost *:80 a.example /: peer -> client = first untrusted from the right of X-Forwarded-For, from 192.0.2.1/32 -> X-Forwarded-For: received + client -> http://app:8000/",
    ],
  },
  {
    says: "behind proxies of two kinds",
    text: host("RemoteIPHeader X-Forwarded-For", "RemoteIPInternalProxy 10.0.0.0/8", "RemoteIPTrustedProxy 192.0.2.1"),
    ways: [
      "VirtualHost *:80 a.example /: peer -> client = first untrusted from the right, only a public one behind 192.0.2.1/32 of X-Forwarded-For, from 10.0.0.0/8 192.0.2.1/32 -> X-Forwarded-For: received + client -> http://app:8000/",
    ],
  },
  {
    says: "rules whose order nobody tells",
    text: host("RemoteIPHeader X-Real-IP", "RemoteIPInternalProxy 10.0.0.1", "RequestHeader unset X-Real-IP early"),
    ways: [
      "VirtualHost *:80 a.example /: peer -> client = ? (RequestHeader … early) -> X-Real-IP: removed -> X-Forwarded-For: received + client -> http://app:8000/",
    ],
  },
  {
    says: "a header of the load balancer's own that is taken away before it is looked at",
    text: `LoadModule headers_module a.so\nLoadModule proxy_module a.so\nLoadModule remoteip_module a.so\n${host("RemoteIPHeader X-Balancer", "RemoteIPInternalProxy 10.0.0.1", "RequestHeader unset X-Balancer early")}`,
    ways: [
      "VirtualHost *:80 a.example /: peer -> client = peer -> X-Balancer: removed -> X-Forwarded-For: received + client -> http://app:8000/",
    ],
  },
  {
    says: "a header that is made of one that was changed",
    text: host("RequestHeader set X-Foo a", 'RequestHeader set X-Real-IP "expr=%{HTTP:X-Foo}"'),
    ways: [
      "VirtualHost *:80 a.example /: peer -> client = peer -> X-Real-IP: %{HTTP:X-Foo} -> X-Forwarded-For: received + client -> http://app:8000/",
    ],
  },
  {
    says: "a service of its own",
    text: "RemoteIPHeader X-Real-IP\nRemoteIPInternalProxy 10.0.0.1\n<VirtualHost *:80>\nDocumentRoot /srv\n</VirtualHost>\n",
    ways: ["VirtualHost *:80: peer -> client = first untrusted from the right of X-Real-IP, from 10.0.0.1/32"],
  },
])("$says", ({ text, ways }) => {
  const { passages } = readApache(text);
  expect(passages.map((passage) => `${passage.name}: ${notationOf(passage)}`)).toEqual(ways);
});

test("files are read in the place of what names them, lists of networks among them", () => {
  const files: Readonly<Record<string, string>> = {
    "remoteip.conf": "RemoteIPHeader X-Real-IP\nRemoteIPInternalProxyList lb.lst\n",
    "lb.lst": "# ours\n10.0.0.0/8 192.0.2.1\n",
  };
  const include: Include = (name) =>
    files[name] === undefined
      ? { files: [], skipped: [{ name, why: "not-there" }] }
      : { files: [{ name, text: files[name] }], skipped: [] };
  const { passages, issues } = readApache(host("IncludeOptional remoteip.conf", "Include missing.conf"), include);
  expect(passages[0]).toMatchObject({
    client: { place: { file: "remoteip.conf", line: 1 }, trust: { entries: ["10.0.0.0/8", "192.0.2.1/32"] } },
  });
  expect(issues.map(({ code, given }) => `${code} ${given}`)).toEqual(["CONFIG_INCLUDE_UNREAD missing.conf"]);
});

test("what may change the address and is not followed is told with its line", () => {
  const lines = [
    "ProxyPass /a ajp://127.0.0.1:8009/",
    'SetHandler "proxy:fcgi://127.0.0.1:9000"',
    "SetHandler server-status",
    "ProxyRequests On",
    "ProxyRequests Off",
    "RemoteIPProxiesHeader X-Real-IP",
    "RemoteIPProxiesHeader X-Forwarded-By",
    "RewriteOptions Inherit",
    "<Directory /srv>",
    "RewriteRule ^ http://app/ [P]",
    "RewriteRule ^x y [L]",
    "</Directory>",
    "JkMount /* worker",
    "MEFaccept 10.0.0.1",
    "<Proxy balancer://apps>",
    "BalancerMember ajp://10.0.0.1:8009 route=a",
    "BalancerMember http://10.0.0.2:8000 route=b:c",
    "</Proxy>",
    "BalancerMember balancer://apps fcgi://10.0.0.3:9000",
  ];
  const { issues, others } = readApache(host(...lines));
  const first = host("").split("\n").indexOf("") + 1;
  expect(issues.map(({ code, place }) => `${code} ${lines[place.line - first]}`)).toEqual(
    [0, 1, 3, 5, 7, 9, 12, 13, 15, 18].map((line) => `CONFIG_NOT_UNDERSTOOD ${lines[line]}`),
  );
  expect(others).toEqual({ sethandler: 1, proxyrequests: 1, balancermember: 1 });
});

test("what is not understood is told with its line, and the rest is read", () => {
  const lines = [
    "RPAFenable On",
    "<IfDefine X>",
    "RemoteIPHeader X",
    "</IfDefine>",
    "<IfVersion > 2>",
    "Options All",
    "</IfVersion>",
    "Use Macro",
    'Header set A "b',
  ];
  const { issues, passages, others } = readApache(`${host(...lines)}</Location>\n<Location /x`);
  expect(issues.map(({ code, place, given }) => `${code} ${place.line}: ${given}`)).toEqual([
    'CONFIG_NOT_CLOSED 12: "b',
    "CONFIG_UNEXPECTED 14: </Location>",
    "CONFIG_NOT_CLOSED 15: <Location /x",
    "CONFIG_NOT_CLOSED 15: the end of the file",
    "CONFIG_NOT_UNDERSTOOD 5: <ifdefine X",
    "CONFIG_NOT_UNDERSTOOD 4: rpafenable On",
    "CONFIG_NOT_UNDERSTOOD 11: use Macro",
  ]);
  expect(passages).toHaveLength(2);
  expect(others).toEqual({ header: 1 });
});

test("many hosts that take over many ways end at their limit", () => {
  const many = Array.from({ length: 200 }, (_, index) => `ProxyPass /${index} http://app/`).join("\n");
  const hosts = Array.from(
    { length: 200 },
    (_, index) => `<VirtualHost *:${index}>\n<Location /l${index}>\n</Location>\n</VirtualHost>`,
  ).join("\n");
  const { passages, issues } = readApache(`${many}\n${hosts}\n`);
  expect(passages).toHaveLength(2_000);
  expect(issues.map(({ code }) => code)).toEqual(["CONFIG_LIMIT_REACHED"]);
});

test("what hosts take over without a way ends at the limit of statements", () => {
  const many = "ProxyPass /a !\n".repeat(400);
  const { issues } = readApache(`${many}${"<VirtualHost *:80>\n</VirtualHost>\n".repeat(400)}`);
  expect(issues.map(({ code }) => code)).toEqual(["CONFIG_LIMIT_REACHED"]);
});

test("names that are made of names end at the length of a word", () => {
  const names = Array.from({ length: 60 }, (_, at) => `Define A${at + 1} \${A${at}}\${A${at}}`).join("\n");
  const { passages } = readApache(`Define A0 aaaa\n${names}\n${host("RequestHeader set X-Real-IP ${A60}")}`);
  expect(passages[0]).toMatchObject({ headers: [{ header: "x-real-ip", writes: [{ kind: "unknown" }] }, {}] });
});

test("a line that is joined keeps the places of its parts, and what is under no condition that is known is told", () => {
  const { passages, issues } = readApache(
    'ProxyPass \\\n/ http://app/\n<IfVersion >= 2.4>\nRewriteRule ^ http://other/ [P]\n</IfVersion>\n<Location /\\\nb>\nRequestHeader set \\\n  X-Real-IP "a',
  );
  expect(passages.map(({ name, place }) => `${name} ${place.line}`)).toEqual(["main server / 1", "main server /b 1"]);
  expect(issues.map(({ code, place }) => `${code} ${place.line}:${place.column}`)).toEqual([
    "CONFIG_NOT_CLOSED 9:13",
    "CONFIG_NOT_CLOSED 6:1",
    "CONFIG_NOT_UNDERSTOOD 3:1",
  ]);
});

test("that a file is not there is a fault of Include, and none of IncludeOptional", () => {
  const include: Include = (name) => ({ files: [], skipped: [{ name, why: name === "outside" ? "outside-root" : "not-there" }] });
  const { issues } = readApache("Include gone\nIncludeOptional gone\nIncludeOptional outside\n", include);
  expect(issues.map(({ code, given, place }) => `${code} ${given} ${place.line}`)).toEqual([
    "CONFIG_INCLUDE_UNREAD gone 1",
    "CONFIG_INCLUDE_UNREAD outside 3",
  ]);
});
