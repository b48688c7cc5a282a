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
  { says: "Upgrade as it came, Connection by it", lines: ["Upgrade $http_upgrade", "Connection $connection_upgrade"], passes: true },
  { says: "both always", lines: ["Upgrade websocket", "Connection upgrade"], passes: true },
  { says: "both as they came", lines: ["Upgrade $http_upgrade", "Connection $http_connection"], passes: true },
  { says: "Upgrade alone, as nginx sends Connection: close", lines: ["Upgrade $http_upgrade"], passes: false },
  { says: "Upgrade, and no Connection", lines: ["Upgrade $http_upgrade", 'Connection ""'], passes: false },
  { says: "Upgrade, and what nginx sends anyway", lines: ["Upgrade $http_upgrade", "Connection close"], passes: false },
  { says: "Connection alone", lines: ["Connection upgrade"], passes: false },
  { says: "Upgrade as nothing", lines: ['Upgrade ""', "Connection upgrade"], passes: false },
  { says: "neither", lines: [], passes: false },
])("$says: a handshake passes: $passes", ({ lines, passes }) => {
  const { passages, findings } = readNginx(location([append, ...lines.map((line) => `proxy_set_header ${line};`)].join("\n")));
  expect(passages[0]).toMatchObject({ passesUpgrade: passes });
  expect(findings.some(({ code }) => code === "FINDING_UPGRADE_STOPPED")).toBe(!passes);
});

const pass = `location / {\nproxy_pass http://app;\n${append}\n}`;
const balanced = "real_ip_header proxy_protocol;\nset_real_ip_from 10.0.0.0/8;";
const entrances: readonly { readonly says: string; readonly text: string; readonly ways: readonly string[] }[] = [
  {
    says: "two addresses, of which one expects a PROXY protocol header, are two ways",
    text: http(`server {\nlisten 80;\nlisten 8080;\nlisten 81 proxy_protocol;\n${balanced}\n${pass}\n}`),
    ways: ["81 location / 5 preamble", "80 location / - peer"],
  },
  {
    says: "what one server says of an address holds for another there",
    text: http(
      `server {\nlisten 80 proxy_protocol;\n${balanced}\n${pass}\n}\nserver {\nlisten *:80;\n${pass}\n}\nserver {\nlisten 0.0.0.0;\n${pass}\n}\nserver {\nlisten 10.0.0.1:80;\n${pass}\n}`,
    ),
    ways: ["80 location / 3 preamble", "*:80 location / 3 peer", "0.0.0.0 location / 3 peer", "10.0.0.1:80 location / - peer"],
  },
  {
    says: "a part of a server may be behind any address",
    text: `${balanced}\n${pass}`,
    ways: ["server location / - preamble"],
  },
  {
    says: "bytes come in at two entrances too",
    text: "stream {\nserver {\nlisten 1 proxy_protocol;\nlisten 2;\nset_real_ip_from 10.0.0.0/8;\nproxy_pass app:1;\nproxy_protocol on;\n}\n}",
    ways: ["stream 1 3 preamble", "stream 2 - peer"],
  },
];

test.each(entrances)("$says", ({ text, ways }) => {
  const told = readNginx(text).passages.map((passage) =>
    passage.kind === "network" ? "" : `${passage.name} ${passage.preambleIn?.place.line ?? "-"} ${passage.client.kind}`,
  );
  expect(told).toEqual(ways);
});

test("what two entrances share is told once, with the names of both ways", () => {
  const text = http(
    `${append}\nserver {\nlisten 80;\nlisten 81 proxy_protocol;\nproxy_set_header Host $host;\n${pass.replace(append, "")}\n}`,
  );
  expect(found(text).toSorted()).toEqual(["CLIENT_LOST 8", "NOT_INHERITED 6", "PREAMBLE_UNUSED 5"]);
  const lost = readNginx(text).findings.filter(({ code }) => code === "FINDING_CLIENT_LOST");
  expect(lost.map(({ what }) => what)).toEqual(["81 location /, 80 location /"]);
});

test.each([
  { says: "a string", lua: 'ngx.say("{")' },
  { says: "a string with an escape", lua: "ngx.say('\\'}{')" },
  { says: "a comment", lua: "-- {\n" },
  { says: "a long comment", lua: "--[==[ { ]] ]==]" },
  { says: "a long string", lua: "local x = [[ { ]]" },
])("a brace in $says of Lua ends nothing", ({ lua }) => {
  const { passages, issues } = readNginx(location(`access_by_lua_block { ${lua} }\n${append}`));
  expect(passages[0]).toMatchObject({ headers: [{ header: "x-forwarded-for" }] });
  expect(issues.map(({ code }) => code)).toEqual(["CONFIG_NOT_UNDERSTOOD"]);
});

test.each(["if x {", "[[ }", "--[=[ } ]]"])("a block of Lua that never closes is told: %s", (lua) => {
  const { issues } = readNginx(`http {\naccess_by_lua_block { ${lua}\n`);
  expect(issues.map(({ code, place }) => `${code} ${place.line}`)).toEqual([
    "CONFIG_NOT_CLOSED 2",
    "CONFIG_NOT_CLOSED 1",
    "CONFIG_NOT_UNDERSTOOD 2",
  ]);
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
  const stream = [
    "listen 1;",
    "proxy_pass app:1;",
    "js_filter x;",
    "pass 127.0.0.1:80;",
    "proxy_bind $realip transparent;",
    "proxy_bind 10.0.0.1;",
  ];
  const { issues, others, passages } = readNginx(
    `${location(`${append}\n${lines.join("\n")}\nset $x 1;\ngzip on;`)}stream {\nserver {\n${stream.join("\n")}\n}\n}`,
  );
  expect(issues.map(({ code, place, given }) => `${code} ${place.line} ${given}`)).toEqual([
    "CONFIG_NOT_UNDERSTOOD 7 more_clear_input_headers X-Real-IP",
    "CONFIG_NOT_UNDERSTOOD 8 access_by_lua_block",
    "CONFIG_NOT_UNDERSTOOD 9 fastcgi_pass php:9000",
    "CONFIG_NOT_UNDERSTOOD 19 js_filter x",
    "CONFIG_NOT_UNDERSTOOD 20 pass 127.0.0.1:80",
    "CONFIG_NOT_UNDERSTOOD 21 proxy_bind $realip transparent",
  ]);
  expect(others).toEqual({ gzip: 1 });
  expect(passages).toHaveLength(2);
});

test("of a file that is included somewhere it is told once", () => {
  const { issues, others } = readNginx("server {\nlisten 80;\ngzip on;\nlocation / {\nfastcgi_pass php:9000;\n}\n}");
  expect(issues.map(({ code, place }) => `${code} ${place.line}`)).toEqual(["CONFIG_NOT_UNDERSTOOD 5"]);
  expect(others).toEqual({ gzip: 1 });
});
