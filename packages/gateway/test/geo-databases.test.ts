import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Notice } from "@wherefrom/gateway";
import { type SecurityAction, securityActionSchema } from "@wherefrom/model";
import { afterAll, describe, expect, test } from "vitest";
import { GeoDatabases } from "../src/admit/geo-databases.ts";
import { openTestGateway, snapshotOf } from "./rig/gateway.ts";
import { writeMmdb } from "./rig/mmdb.ts";
import { openTarget } from "./rig/target.ts";
import { ask } from "./rig/wire.ts";

const folder = mkdtempSync(join(tmpdir(), "wherefrom-geo-"));
afterAll(() => rmSync(folder, { recursive: true }));

function store(name: string, bytes: Buffer): string {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

const country = store(
  "country.mmdb",
  writeMmdb({
    "203.0.113.0/24": { country: { iso_code: "NL" } },
    "198.51.100.0/24": { country_code: "JP" },
    "2001:db8::/32": { country: { iso_code: "SE" } },
  }),
);
const asn = store(
  "asn.mmdb",
  writeMmdb({ "203.0.113.0/25": { autonomous_system_number: 64_500 }, "2001:db8::/32": { autonomous_system_number: 4_200_000_000 } }),
);

describe("where an address is from", () => {
  const geo = new GeoDatabases([country, asn]);
  test.each([
    { ip: "203.0.113.9", place: { region: "NL", asn: "64500" } },
    { ip: "203.0.113.200", place: { region: "NL", asn: undefined } },
    { ip: "198.51.100.1", place: { region: "JP", asn: undefined } },
    { ip: "2001:db8::7", place: { region: "SE", asn: "4200000000" } },
    { ip: "192.0.2.1", place: { region: undefined, asn: undefined } },
  ])("$ip", ({ ip, place }) => expect(geo.placeOf(ip)).toEqual(place));

  test("no file, and one that is none, are told", () => {
    expect(() => new GeoDatabases([join(folder, "none")])).toThrow(/geo database .*none cannot be used: .*ENOENT/);
    expect(() => new GeoDatabases([store("text.mmdb", Buffer.from("no database"))])).toThrow(
      /text\.mmdb cannot be used: expected an MMDB file/,
    );
  });
});

describe("in the gateway", () => {
  const actionOf = (fields: object) => securityActionSchema.parse({ state: "ENABLED", ...fields });
  const securityActions = [
    actionOf({ name: "country", conditionConfig: { regionCodes: ["NL", "BE"] }, deny: { responseCode: 451 } }),
    actionOf({ name: "network", conditionConfig: { asns: ["4200000000"] }, deny: {} }),
    actionOf({ name: "let-in", conditionConfig: { regionCodes: ["NL"], asns: [64_500] }, allow: {} }),
  ];
  const policy = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.1"] } };

  async function open(files: readonly string[], chosen: object = policy) {
    const target = await openTarget();
    const notices: Notice[] = [];
    const gateway = await openTestGateway(
      { ...snapshotOf([{ target: target.origin }], { policy: chosen }), securityActions },
      {
        geoDatabases: files,
        onNotice: (notice) => void notices.push(notice),
      },
    );
    const from = async (ip: string): Promise<number> =>
      (await ask(gateway.port, "GET / HTTP/1.1", "Host: a", `X-Forwarded-For: ${ip}`)).status;
    const close = async (): Promise<void> => {
      await gateway.close();
      await target.close();
    };
    const offer = (revision: number, actions: readonly SecurityAction[]) =>
      gateway.source.offer({ ...snapshotOf([{ target: target.origin }], { policy: chosen, revision }), securityActions: actions });
    return { from, close, offer, codes: () => notices.map(({ code }) => code) };
  }

  test("denies and lets in by country and network", async () => {
    const { from, close, codes } = await open([country, asn]);
    expect(await from("203.0.113.200")).toBe(451);
    expect(await from("203.0.113.9")).toBe(200); // let in: both of its conditions hold
    expect(await from("2001:db8::7")).toBe(403);
    expect(await from("192.0.2.1")).toBe(200);
    expect(await from("64:ff9b::cb00:71c8")).toBe(451); // stands for 203.0.113.200
    expect(await from("64:ff9b::cb00:7109")).toBe(451); // nobody is let in for an address that his own only stands for
    expect(codes()).not.toContain("GEO_DATABASE_MISSING");
    await close();
  });

  test("a place that the client may have made up counts for nothing", async () => {
    const { from, close } = await open([country, asn], { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: 0 } });
    expect(await from("203.0.113.200")).toBe(200);
    await close();
  });

  test("without a database they match nothing, and that is told, once while it goes on", async () => {
    const { from, close, codes, offer } = await open([]);
    expect(await from("203.0.113.200")).toBe(200);
    const told = () => codes().filter((code) => code === "GEO_DATABASE_MISSING").length;
    offer(2, securityActions);
    expect(told()).toBe(1);
    offer(3, []);
    offer(4, securityActions);
    expect(told()).toBe(2);
    await close();
  });

  test("a database that cannot be used stops the gateway before it listens", async () => {
    await expect(open([join(folder, "none")])).rejects.toMatchObject({ code: "GATEWAY_GEO_DATABASE_UNUSABLE" });
  });
});
