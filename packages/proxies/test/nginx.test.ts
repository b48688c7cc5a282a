import { describe, expect, test } from "vitest";
import { readConfig } from "../src/read-config.ts";

const http = (inner: string): string => `http {\n${inner}\n}\n`;
const location = (lines: string): string => http(`server {\nlisten 80;\nlocation / {\nproxy_pass http://app;\n${lines}\n}\n}`);
const append = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;";

const readNginx = (text: string): ReturnType<typeof readConfig> => readConfig({ name: "nginx.conf", text }, { kind: "nginx" });
/** Code and line of each finding that is worth a look. */
const found = (text: string): readonly string[] =>
  readNginx(text)
    .findings.filter(({ severity }) => severity !== "note")
    .map(({ code, place }) => `${code.replace("FINDING_", "")} ${place.line}`);

describe("findings with their line", () => {
  test.each([
    { says: "appending is what is meant", text: location(append), findings: [] },
    { says: "nothing is written", text: location(""), findings: ["CLIENT_LOST 5"] },
    {
      says: "another header alone leaves the claim in X-Forwarded-For",
      text: location("proxy_set_header X-Real-IP $remote_addr;"),
      findings: ["CLAIM_PASSED 5"],
    },
    {
      says: "the header is copied from the client",
      text: location("proxy_set_header X-Real-IP $remote_addr;\nproxy_set_header X-Forwarded-For $http_x_forwarded_for;"),
      findings: ["CLAIM_PASSED 7"],
    },
    {
      says: "one line of its own in a location drops those of the server",
      text: http(`server {\nlisten 80;\n${append}\nlocation / {\nproxy_pass http://app;\nproxy_set_header Host $host;\n}\n}`),
      findings: ["CLIENT_LOST 6", "NOT_INHERITED 7"],
    },
    {
      says: "lines of the server hold where the location has none",
      text: http(`server {\nlisten 80;\n${append}\nlocation / {\nproxy_pass http://app;\n}\n}`),
      findings: [],
    },
    {
      says: "a header that nobody is trusted with",
      text: location(`${append}\nreal_ip_header X-Forwarded-For;`),
      findings: ["TRUSTS_NOBODY 7"],
    },
    {
      says: "everybody is trusted",
      text: location(`${append}\nreal_ip_header X-Forwarded-For;\nset_real_ip_from 0.0.0.0/0;`),
      findings: ["TRUSTS_EVERYONE 7"],
    },
    {
      says: "a preamble that is read and not used",
      text: http(`server {\nlisten 80 proxy_protocol;\nlocation / {\nproxy_pass http://app;\n${append}\n}\n}`),
      findings: ["PREAMBLE_UNUSED 3"],
    },
    {
      says: "a preamble from the load balancer alone",
      text: http(
        `server {\nlisten 80 proxy_protocol;\nreal_ip_header proxy_protocol;\nset_real_ip_from 10.0.0.0/8;\nlocation / {\nproxy_pass http://app;\n${append}\n}\n}`,
      ),
      findings: [],
    },
    { says: "names with underscores", text: location(`${append}\nunderscores_in_headers on;`), findings: ["ALIAS_PASSED 7"] },
    { says: "bytes without a preamble", text: "stream {\nserver {\nlisten 1;\nproxy_pass app:1;\n}\n}", findings: ["CLIENT_LOST 4"] },
    { says: "bytes with a preamble", text: "stream {\nserver {\nlisten 1;\nproxy_pass app:1;\nproxy_protocol on;\n}\n}", findings: [] },
    { says: "a file that is included in a server", text: `location / {\nproxy_pass http://app;\n}`, findings: ["CLIENT_LOST 2"] },
  ])("$says", ({ text, findings }) => {
    expect(found(text).toSorted()).toEqual(findings.toSorted());
  });
});

test("a map that begins with what came in is told as that", () => {
  const map = 'map $http_x_forwarded_for $xff {\n"" $remote_addr;\ndefault "$http_x_forwarded_for, $remote_addr";\n}';
  const { passages } = readNginx(
    http(`${map}\nserver {\nlocation / {\nproxy_pass http://app;\nproxy_set_header X-Forwarded-For $xff;\n}\n}`),
  );
  expect(passages[0]).toMatchObject({
    headers: [{ header: "x-forwarded-for", keeps: { kind: "everybody" }, writes: [{ kind: "client" }] }],
  });
});

test.each([
  { says: "as it came", upgrade: "$http_upgrade", passes: true },
  { says: "always", upgrade: "websocket", passes: true },
  { says: "as nothing", upgrade: '""', passes: false },
  { says: "not at all", upgrade: undefined, passes: false },
])("Upgrade set $says passes a handshake: $passes", ({ upgrade, passes }) => {
  const { passages, findings } = readNginx(location(upgrade === undefined ? append : `${append}\nproxy_set_header Upgrade ${upgrade};`));
  expect(passages[0]).toMatchObject({ passesUpgrade: passes });
  expect(findings.some(({ code }) => code === "FINDING_UPGRADE_STOPPED")).toBe(!passes);
});

test("what cannot be read is told with its place, and the rest is read", () => {
  const { issues, passages, others } = readNginx(`http {\nserver {\nlocation / {\nproxy_pass http://app;\n${append}\ngzip on;\n} ;\n`);
  expect(issues.map(({ code, place }) => `${code} ${place.line}:${place.column}`)).toEqual([
    "CONFIG_UNEXPECTED 7:3",
    "CONFIG_NOT_CLOSED 1:1",
    "CONFIG_NOT_CLOSED 2:1",
  ]);
  expect(passages).toHaveLength(1);
  expect(others).toEqual({ gzip: 1 });
});

test("an include is read in its place, with its own name, and one that goes round ends", () => {
  const files: Readonly<Record<string, string>> = { "proxy.conf": `${append}\n`, "round.conf": "include round.conf;" };
  const text = location("include proxy.conf;\ninclude round.conf;\ninclude missing.conf;");
  const { findings, issues, passages } = readConfig(
    { name: "nginx.conf", text },
    {
      include: (name) =>
        files[name] === undefined
          ? { files: [], skipped: [{ name, why: "not-there" }] }
          : { files: [{ name, text: files[name] }], skipped: [] },
    },
  );
  expect(findings.map(({ code }) => code)).toEqual(["FINDING_UPGRADE_STOPPED", "FINDING_FOREIGN_HEADERS_PASSED"]);
  expect(passages[0]).toMatchObject({ headers: [{ place: { file: "proxy.conf", line: 1 } }] });
  expect(issues.map(({ code, given }) => `${code} ${given}`)).toEqual([
    "CONFIG_LIMIT_REACHED round.conf",
    "CONFIG_INCLUDE_UNREAD missing.conf",
  ]);
});

test("what may change the address and is not followed is told with its line", () => {
  const lines = [
    "more_clear_input_headers X-Real-IP;",
    "access_by_lua_block { ngx.req.clear_header('X-Forwarded-For') }",
    "fastcgi_pass php:9000;",
  ];
  const { issues, others, passages } = readNginx(
    `${location(`${append}\n${lines.join("\n")}\nset $x 1;\ngzip on;`)}stream {\nserver {\nlisten 1;\nproxy_pass app:1;\njs_filter x;\n}\n}`,
  );
  expect(issues.map(({ code, place, given }) => `${code} ${place.line} ${given}`)).toEqual([
    "CONFIG_NOT_UNDERSTOOD 7 more_clear_input_headers X-Real-IP",
    "CONFIG_NOT_UNDERSTOOD 8 access_by_lua_block",
    "CONFIG_NOT_UNDERSTOOD 9 fastcgi_pass php:9000",
    "CONFIG_NOT_UNDERSTOOD 19 js_filter x",
  ]);
  expect(others).toEqual({ gzip: 1 });
  expect(passages).toHaveLength(2);
});
