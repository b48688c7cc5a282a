import { expect, test } from "vitest";
import { readResolveCases } from "./corpus.ts";

/** The published weaknesses that `cases/resolve/advisories.json` has to hold as requests, by the start of a row's name. */
const ADVISORIES = [
  "gin CVE-2020-28483",
  "chi GHSA-3fxj-6jh8-hvhx",
  "chi GHSA-rjr7-jggh-pgcp",
  "chi GHSA-9g5q-2w5x-hmxf",
  "fastify GHSA-3m5p-2c4r-xxw2",
  "traefik CVE-2024-45410",
  "traefik GHSA-6384-m2mw-rf54",
  "caddy GHSA-f59h-q822-g45g",
  "caddy GHSA-49wc-4hcv-v58q",
  "Spring CVE-2025-41235",
  "authentik CVE-2024-47070",
  "aspnetcore#36537",
];

const names = readResolveCases("resolve/advisories.json").map((row) => row.name);

test.each(ADVISORIES)("%s is a row of the corpus", (advisory) => {
  expect(names.filter((name) => name.startsWith(`${advisory}: `))).not.toEqual([]);
});
