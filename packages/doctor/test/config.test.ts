import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NetworkPassage, readConfig } from "@wherefrom/proxies";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkProbe } from "../src/config-files/check-probe.ts";
import { examineConfigs } from "../src/config-files/examine-configs.ts";
import { openConfig } from "../src/config-files/open-config.ts";
import type { LearnedPath } from "../src/path/learned-path.ts";
import { configDocument } from "../src/report/config-report.ts";
import { writeDocument } from "../src/report/write-document.ts";

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

test.each([
  { says: "what appends was seen to append", readings: [append], fate: "kept-left", added: 1, finds: [] },
  { says: "what appends was seen to overwrite", readings: [append], fate: "overwritten", added: 1, finds: ["FINDING_PROBE_DISAGREES"] },
  {
    says: "what appends once was seen to append twice",
    readings: [append],
    fate: "kept-left",
    added: 2,
    finds: ["FINDING_PROBE_MORE_HOPS"],
  },
  { says: "one of two ways fits", readings: [append, overwrite], fate: "overwritten", added: 1, finds: [] },
] as const)("against a probe: $says", ({ readings, fate, added, finds }) => {
  const chain = { fate, added: Array.from({ length: added }, () => "203.0.113.9"), lines: 1 };
  const path = { legs: [{ transport: "http", chain, singles: [] }] } as unknown as LearnedPath;
  expect(checkProbe(readings, path).map(({ code }) => code)).toEqual(finds);
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
