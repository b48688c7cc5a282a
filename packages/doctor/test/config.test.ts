import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NetworkPassage, readConfig } from "@wherefrom/proxies";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkProbe } from "../src/config-files/check-probe.ts";
import { examineConfigs } from "../src/config-files/examine-configs.ts";
import { openConfig } from "../src/config-files/open-config.ts";
import { learnPath } from "../src/path/learned-path.ts";
import { configDocument } from "../src/report/config-report.ts";
import { writeDocument } from "../src/report/write-document.ts";
import { addLine, append as appendTo, type Fields, overwrite as overwriteWith, type PathUnderTest, passOn, runOver } from "./run-over.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "wherefrom-config-"));
  for (const name of ["root/conf.d", "root/etc/nginx"]) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, "outside.conf"), "secret 1;");
  writeFileSync(join(folder, "root/nginx.conf"), "include conf.d/*.conf;");
  writeFileSync(join(folder, "root/conf.d/b.conf"), "b 1;");
  writeFileSync(join(folder, "root/conf.d/a.conf"), "a 1;");
  writeFileSync(join(folder, "root/conf.d/.hidden.conf"), "hidden 1;");
  writeFileSync(join(folder, "root/etc/nginx/mime.conf"), "mime 1;");
  symlinkSync(join(folder, "outside.conf"), join(folder, "root/conf.d/link.conf"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("what is included is read below the root and nowhere else", () => {
  test.each([
    { pattern: "conf.d/*.conf", files: ["a.conf", "b.conf"], skipped: ["outside-root"] },
    { pattern: "conf.d/?.conf", files: ["a.conf", "b.conf"], skipped: [] },
    { pattern: "/etc/nginx/mime.conf", files: ["mime.conf"], skipped: [] }, // the root stands for /
    { pattern: "../outside.conf", files: [], skipped: ["outside-root"] },
    { pattern: "conf.d/../../outside.conf", files: [], skipped: ["outside-root"] },
    { pattern: "conf.d", files: [], skipped: ["not-regular"] },
    { pattern: "missing.conf", files: [], skipped: ["not-there"] },
    { pattern: "*****************************************a", files: [], skipped: [] },
  ])("$pattern", ({ pattern, files, skipped }) => {
    const { include } = openConfig(join(folder, "root/nginx.conf"));
    const included = include(pattern);
    expect(included.files.map(({ name }) => name.split("/").at(-1))).toEqual(files);
    expect(included.skipped.map(({ why }) => why)).toEqual(skipped);
  });
});

const readingOf = (lines: string): ReturnType<typeof readConfig> =>
  readConfig({ name: "nginx.conf", text: `http { server { location / { proxy_pass http://app; ${lines} } } }` }, { kind: "nginx" });
const append = readingOf("proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;");
const overwrite = readingOf("proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Real-IP $remote_addr;");

test.each([
  { says: "one hop that appends", readings: [append], arrives: "claim, client", result: "client" },
  { says: "two hops that append", readings: [append, append], arrives: "claim, client, proxy", result: "proxy" },
  { says: "an edge that overwrites before one that appends", readings: [overwrite, append], arrives: "client, proxy", result: "proxy" },
  { says: "one that overwrites with what it sees", readings: [append, overwrite], arrives: "proxy", result: "proxy" },
])("a claim through $says arrives as $arrives", ({ readings, arrives, result }) => {
  expect(examineConfigs(readings).ways.map((way) => [way.arrives, way.result])).toEqual([[arrives, result]]);
});

const networkOf = (...sources: NetworkPassage["sources"]): ReturnType<typeof readConfig> => {
  const place = { file: "rules", line: 1, column: 1 };
  const passage: NetworkPassage = { kind: "network", product: "nftables", place, name: "rule", from: "outside", sources };
  return { file: "rules", kind: undefined, passages: [passage], findings: [], issues: [], statements: 0, others: {} };
};
const sourceAs = (kind: "kept" | "interface", condition?: string): NetworkPassage["sources"][0] => ({
  source: { kind },
  isExpected: true,
  place: { file: "rules", line: 1, column: 1 },
  ...(condition !== undefined && { condition }),
});

test.each([
  { says: "keeps the source", readings: [networkOf(sourceAs("kept")), append], arrives: "claim, client", result: "client" },
  { says: "rewrites it", readings: [networkOf(sourceAs("interface")), append], arrives: "claim, firewall", result: "firewall" },
  {
    says: "rewrites it behind a proxy",
    readings: [append, networkOf(sourceAs("interface")), append],
    arrives: "claim, client, firewall",
    result: "firewall",
  },
  {
    says: "rewrites it under a condition",
    readings: [networkOf(sourceAs("interface", 'oifname "lan"'), sourceAs("kept")), append],
    arrives: undefined,
    result: "unknown",
  },
])("a claim through a firewall that $says arrives as $arrives", ({ readings, arrives, result }) => {
  expect(examineConfigs(readings).ways.map((way) => [way.arrives, way.result])).toEqual([[arrives, result]]);
});

const CLIENT = "203.0.113.7";
const [EDGE, INNER] = ["10.0.0.5", "10.0.0.4"];
const dropping = readingOf(
  "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;",
);
const underscores = readConfig(
  { name: "nginx.conf", text: "http { underscores_in_headers on; server { location / { proxy_pass http://app; } } }" },
  { kind: "nginx" },
);
const ownLine = readConfig(
  {
    name: "haproxy.cfg",
    text: "defaults\n  mode http\n  option forwardfor\nfrontend f\n  bind :80\n  default_backend b\nbackend b\n  server s 10.9.8.7:80\n",
  },
  { kind: "haproxy" },
);
/** nginx's ways: names with an underscore dropped, and a header that only clients write passed on. */
const nginx =
  (pass: PathUnderTest["pass"]): PathUnderTest["pass"] =>
  (fields, request) =>
    pass(
      fields.filter(([name]) => !name.includes("_")),
      request,
    );
const noUpgrade =
  (pass: PathUnderTest["pass"]): PathUnderTest["pass"] =>
  (fields, request) =>
    request.transport === "websocket" ? 400 : nginx(pass)(fields, request);
const set =
  (name: string, value: string) =>
  (fields: Fields): Fields => [...fields.filter(([field]) => field !== name), [name, value]];

const probed: {
  readonly says: string;
  readonly readings: readonly ReturnType<typeof readConfig>[];
  readonly path: PathUnderTest;
  readonly finds: readonly string[];
}[] = [
  { says: "what appends was seen to append", readings: [append], path: { pass: noUpgrade(appendTo(CLIENT)), peer: EDGE }, finds: [] },
  {
    says: "what appends was seen to overwrite",
    readings: [append],
    path: { pass: noUpgrade(overwriteWith(CLIENT)), peer: EDGE },
    finds: ["FINDING_PROBE_DISAGREES X-Forwarded-For: kept-left +1 | overwritten +1"],
  },
  {
    says: "what appends once was seen to append twice",
    readings: [append],
    path: { pass: noUpgrade((fields) => appendTo(INNER)(appendTo(CLIENT)(fields))), peer: EDGE },
    finds: ["FINDING_PROBE_MORE_HOPS X-Forwarded-For: kept-left +1 | kept-left +2"],
  },
  {
    says: "one of two ways fits",
    readings: [append, overwrite],
    path: { pass: noUpgrade((fields) => set("X-Real-IP", INNER)(overwriteWith(INNER)(fields))), peer: EDGE },
    finds: [],
  },
  {
    says: "somebody else is written than the client",
    readings: [append],
    path: { pass: noUpgrade(appendTo("10.0.0.1")), peer: EDGE },
    finds: ["FINDING_PROBE_DISAGREES X-Forwarded-For: client at -1 | no client"],
  },
  {
    says: "the client is written where a rewritten source was expected",
    readings: [networkOf(sourceAs("interface")), append],
    path: { pass: noUpgrade(appendTo(CLIENT)), peer: EDGE },
    finds: ["FINDING_PROBE_DISAGREES X-Forwarded-For: no client | client at -1"],
  },
  {
    says: "a firewall alone that keeps the source, seen to rewrite it",
    readings: [networkOf(sourceAs("kept"))],
    path: { pass: passOn, peer: "10.77.0.1" },
    finds: ["FINDING_PROBE_DISAGREES peer: client | another"],
  },
  {
    says: "a firewall alone that rewrites the source, seen to keep it",
    readings: [networkOf(sourceAs("interface"))],
    path: { pass: passOn, peer: CLIENT, keepsPort: true },
    finds: ["FINDING_PROBE_DISAGREES peer: another | client"],
  },
  {
    says: "a firewall alone, as it says",
    readings: [networkOf(sourceAs("interface"))],
    path: { pass: passOn, peer: "10.77.0.1" },
    finds: [],
  },
  {
    says: "a firewall alone under a condition",
    readings: [networkOf(sourceAs("interface", 'oifname "lan"'), sourceAs("kept"))],
    path: { pass: passOn, peer: "10.77.0.1" },
    finds: [],
  },
  // the same address on another port may be a proxy's on the client's own host
  { says: "a proxy on the client's own host", readings: [append], path: { pass: noUpgrade(appendTo(CLIENT)), peer: CLIENT }, finds: [] },
  {
    says: "a header that is written was seen to be passed on",
    readings: [overwrite],
    path: { pass: noUpgrade(overwriteWith(CLIENT)), peer: EDGE },
    finds: ["FINDING_PROBE_DISAGREES X-Real-IP: overwritten | passed"],
  },
  {
    says: "a header that is passed on was seen to be taken away",
    readings: [append],
    path: { pass: noUpgrade((fields) => appendTo(CLIENT)(fields).filter(([name]) => name !== "CF-Connecting-IP")), peer: EDGE },
    finds: ["FINDING_PROBE_DISAGREES CF-Connecting-IP: passed | stripped"],
  },
  {
    says: "the alias was dropped and came through",
    readings: [append],
    path: { pass: (fields, { transport }) => (transport === "websocket" ? 400 : appendTo(CLIENT)(fields)), peer: EDGE },
    finds: ["FINDING_PROBE_DISAGREES X_Forwarded_For: stripped | passed"],
  },
  {
    says: "the alias is passed on and was gone",
    readings: [underscores],
    path: { pass: noUpgrade(passOn), peer: EDGE },
    finds: ["FINDING_PROBE_DISAGREES X_Forwarded_For: passed | stripped"],
  },
  {
    says: "a line of its own was joined",
    readings: [ownLine],
    path: { pass: appendTo(CLIENT), peer: EDGE },
    finds: ["FINDING_PROBE_DISAGREES X-Forwarded-For: 2 lines | 1 line"],
  },
  { says: "a line of its own, as it says", readings: [ownLine], path: { pass: addLine(CLIENT), peer: EDGE }, finds: [] },
  {
    says: "handshakes that are stopped came through, and met another hop",
    readings: [append],
    path: {
      pass: (fields, request) => nginx(request.transport === "http" ? appendTo(CLIENT) : overwriteWith(CLIENT))(fields, request),
      peer: EDGE,
    },
    finds: [
      "FINDING_PROBE_DISAGREES X-Forwarded-For: kept-left +1 | overwritten +1 (WebSocket)",
      "FINDING_PROBE_DISAGREES WebSocket: stopped | passed",
    ],
  },
  {
    says: "handshakes that get through did not",
    readings: [dropping],
    path: { pass: noUpgrade(appendTo(CLIENT)), peer: EDGE },
    finds: ["FINDING_PROBE_DISAGREES WebSocket: passed | stopped"],
  },
  { says: "handshakes that get through did", readings: [dropping], path: { pass: nginx(appendTo(CLIENT)), peer: EDGE }, finds: [] },
  {
    says: "of handshakes that get through one is dropped for what it claims",
    readings: [dropping],
    path: {
      pass: (fields, request) =>
        request.transport === "websocket" && fields.some(([name]) => name === "X-Real-IP") ? 403 : nginx(appendTo(CLIENT))(fields, request),
      peer: EDGE,
    },
    finds: [],
  },
];

test.each(probed)("against a probe: $says", ({ readings, path, finds }) => {
  const run = { ...runOver({ ...path, client: CLIENT }), told: { clients: [CLIENT] } };
  expect(checkProbe(readings, learnPath(run)).map(({ code, what }) => `${code} ${what}`)).toEqual(finds);
});

test("that a probe agrees is told, and that it was not held against anything is not", () => {
  const run = { ...runOver({ pass: nginx(appendTo(CLIENT)), peer: EDGE, client: CLIENT }), told: { clients: [CLIENT] } };
  const seen = examineConfigs([dropping], { path: learnPath(run) });
  const unseen = examineConfigs([dropping], { path: learnPath(runOver({ pass: () => 502, peer: EDGE })) });
  expect([seen.probe, unseen.probe, examineConfigs([dropping]).probe]).toEqual(["agrees", "unheld", "unheld"]);
  const text = (examination: typeof seen): string => writeDocument(configDocument(examination, "en"), { format: "text", showsAll: true });
  expect(text(seen)).toContain("The probe saw nothing else than what these configurations say.");
  expect(text(unseen)).not.toContain("Against the probe");
});

test("a probe that asked for no WebSocket says nothing of them", () => {
  const run = runOver({ pass: nginx(appendTo(CLIENT)), peer: EDGE });
  const http = { ...run, answers: run.answers.filter(({ transport }) => transport === "http") };
  expect(checkProbe([dropping], learnPath(http))).toEqual([]);
});

test.each(["en", "zh", "ja"] as const)("a report in %s names the places of a finding, be it one or several", (language) => {
  const toldOf = (...readings: readonly ReturnType<typeof readConfig>[]): string =>
    writeDocument(configDocument(examineConfigs(readings), language), { format: "text", showsAll: true })
      .split("\n")
      .find((line) => line.includes("FINDING_FOREIGN_HEADERS_PASSED")) ?? "";
  const twice = readConfig(
    { name: "nginx.conf", text: "http { server { location /a { proxy_pass http://a; } location /b { proxy_pass http://b; } } }" },
    { kind: "nginx" },
  );
  expect(toldOf(append)).toMatch(/nginx\.conf:1:[0-9]+[:：]/);
  expect(toldOf(twice)).toMatch(/nginx\.conf:1:[0-9]+, nginx\.conf:1:[0-9]+[:：]/);
});

test.each(["en", "zh", "ja"] as const)(
  "a report in %s escapes what stands in the file, and hides addresses when it is passed on",
  (language) => {
    const reading = readConfig(
      {
        name: "nginx.conf",
        text: `http { server { server_name "\u001b[31mx"; real_ip_header X-Real-IP; set_real_ip_from 10.9.8.0/24; location / { proxy_pass http://10.9.8.7:80; } } }`,
      },
      { kind: "nginx" },
    );
    const document = configDocument(examineConfigs([reading]), language);
    const text = writeDocument(document, { format: "text", showsAll: true });
    expect(text).toContain("FINDING_CLIENT_LOST");
    expect(text).toContain("10.9.8.7");
    expect(text).not.toContain("\u001b");
    expect(writeDocument(document, { format: "markdown", showsAll: false })).not.toContain("10.9.8.7");
  },
);
