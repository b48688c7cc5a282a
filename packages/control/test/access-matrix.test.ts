import { ROLES } from "@wherefrom/model";
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requirementOf } from "../src/access/allow.ts";
import { REQUIREMENTS, type Requirement } from "../src/access/table.ts";
import type { RouteLine } from "../src/http/endpoint.ts";
import { mountRoutes } from "../src/http/mount.ts";
import type { ControlParts } from "../src/parts.ts";
import { ALL_LINES } from "../src/route-table.ts";
import { type Answer, type ControlUnderTest, type Json, openControlForFile, verdictOf } from "./control-under-test.ts";

/** Which of the roles a requirement lets in, said once more in other words than the code's. */
const LETS_IN: Readonly<Record<string, readonly string[]>> = {
  viewer: ["viewer", "operator", "admin"],
  operator: ["operator", "admin"],
  admin: ["admin"],
  own: ["viewer", "operator", "admin"],
  "viewer,gateway": ["viewer", "operator", "admin", "gateway"],
  "admin,gateway": ["admin", "gateway"],
};

/** Whom the token is for: where its grant reaches. */
const REACHES = [
  { reach: "everywhere", organization: "-" },
  { reach: "the organization", organization: "local" },
  { reach: "the environment", organization: "local", environments: ["demo"] },
  { reach: "another environment", organization: "local", environments: ["other"] },
  { reach: "another organization", organization: "acme" },
] as const;
type Reach = (typeof REACHES)[number];

const BAD = ["missing", "garbage", "unknown", "altered", "expired", "revoked", "basic"] as const;

let under: ControlUnderTest & { close(): Promise<void> };
let clock = Date.now();
const tokens = new Map<string, string>();
const bad = new Map<string, string | undefined>();

beforeAll(async () => {
  under = await openControlForFile({ now: () => clock, limits: { maxAuthFailures: 1_000_000 } });
  const { control, ask } = under;
  await ask("POST //v1/organizations", { body: { name: "acme" } });
  for (const name of ["demo", "other"]) await ask("POST ", { body: { name } });
  for (const { reach, organization, ...scope } of REACHES) {
    for (const role of ROLES) tokens.set(`${role} of ${reach}`, control.issueKey({ name: "matrix", role, organization, ...scope }));
  }
  const make = async (name: string, more: Json = {}): Promise<Json> =>
    (await ask("POST //v1/organizations/local/tokens", { body: { name, grants: [{ role: "admin" }], ...more } })).body;
  const revoked = await make("revoked");
  await ask(`DELETE //v1/organizations/local/tokens/${revoked.tokenId}`);
  const expired = await make("expired", { expiresAt: String(clock + 1_000) });
  clock += 1_000;
  const { token } = await make("good");
  bad.set("missing", undefined);
  bad.set("garbage", "Bearer garbage");
  bad.set("unknown", `Bearer wft_0123456789abcdef_${"A".repeat(43)}`);
  bad.set("altered", `Bearer ${token.slice(0, -2)}${token.endsWith("AA") ? "BB" : "AA"}`);
  bad.set("expired", `Bearer ${expired.token}`);
  bad.set("revoked", `Bearer ${revoked.token}`);
  bad.set("basic", `Basic ${Buffer.from(`x:${token}`).toString("base64")}`);
});
afterAll(() => under.close());

const fillIn = (path: string, { org, env }: { org: string; env: string }): string =>
  path
    .replace("{org}", org)
    .replace("{env}", env)
    .replaceAll(/\{\w+\}/g, "x");

const askFor = ([method, path]: RouteLine, names: { org: string; env: string }, authorization?: string): Promise<Answer> =>
  under.ask(`${method} /${fillIn(path, names)}`, { headers: { authorization: authorization ?? "" }, isText: true });

/** Turned away before anything was looked at. Whatever else happened: it was let in. */
function isLetIn(answer: Answer): boolean {
  // this control keeps no events, and says so to nobody but those that may read them
  if (answer.status === 503 && verdictOf(answer).endsWith(" EVENT_STORE_ABSENT")) return true;
  return !["401", "403"].includes(String(answer.status)) && answer.status < 500;
}

function expectedOf(requirement: Requirement, { role, reach, path }: { role: string; reach: Reach; path: string }): boolean {
  const key = [requirement].flat().join(",");
  if (!LETS_IN[key]?.includes(role)) return false;
  if (!path.includes("{org}")) return key === "own" || reach.reach === "everywhere";
  if (reach.reach === "everywhere" || reach.reach === "the organization") return true;
  if (reach.reach === "another organization") return false;
  if (key === "own") return true;
  return reach.reach === "the environment" && path.includes("{env}");
}

const closed = ALL_LINES.filter(([, , id]) => requirementOf(id) !== "public");
// Deleting what the others need would spoil them; reading the body comes after the question who asks, so without one nothing is changed.
const lines = closed.filter(([method]) => method !== "DELETE");

describe.each(lines)("%s %s", (...line) => {
  const [method, path, id] = line as unknown as RouteLine;
  const here: RouteLine = [method, path, id, line[3] as RouteLine[3]];

  test("lets in whom the table says, at their places only", async () => {
    const rows = REACHES.flatMap((reach) => ROLES.map((role) => ({ role, reach })));
    const answers = await Promise.all(
      rows.map(async ({ role, reach }) => {
        const token = `Bearer ${tokens.get(`${role} of ${reach.reach}`)}`;
        return `${role} of ${reach.reach}: ${isLetIn(await askFor(here, { org: "local", env: "demo" }, token))}`;
      }),
    );
    const requirement = requirementOf(id);
    expect(answers).toEqual(rows.map(({ role, reach }) => `${role} of ${reach.reach}: ${expectedOf(requirement, { role, reach, path })}`));
  });

  test("turns away whoever has no credential, or none that is valid, in the same words", async () => {
    const verdicts = await Promise.all(
      BAD.map(async (kind) => {
        const answer = await askFor(here, { org: "local", env: "demo" }, bad.get(kind));
        return `${verdictOf(answer)} ${answer.headers.get("www-authenticate")}`;
      }),
    );
    const invalid = '401 UNAUTHENTICATED CREDENTIALS_INVALID Bearer realm="wherefrom", error="invalid_token"';
    expect(verdicts).toEqual(['401 UNAUTHENTICATED CREDENTIALS_MISSING Bearer realm="wherefrom"', ...BAD.slice(1).map(() => invalid)]);
  });

  test.runIf(path.includes("{org}"))("does not tell by a refusal what exists", async () => {
    const stranger = `Bearer ${tokens.get("admin of another organization")}`;
    const said = await Promise.all(
      [
        { org: "local", env: "demo" },
        { org: "local", env: "nope" },
        { org: "nope", env: "nope" },
      ].map(async (names) => {
        const { status, body } = await askFor(here, names, stranger);
        return `${status} ${body.error.message.replace(JSON.stringify(fillIn(path, names)), "PATH")}`;
      }),
    );
    expect(new Set(said).size).toBe(1);
    expect(said[0]).toMatch(/^403 Access: Expected .* at PATH for .* It may not exist, either$/);
  });
});

test("deleting takes an admin where it is about what there is, and an operator for a route", async () => {
  for (const line of closed.filter(([method]) => method === "DELETE")) {
    const [, path, id] = line;
    const requirement = requirementOf(id);
    const turnedAway = REACHES.flatMap((reach) => ROLES.map((role) => ({ role, reach }))).filter(
      ({ role, reach }) => !expectedOf(requirement, { role, reach, path }),
    );
    expect(turnedAway.length, id).toBeGreaterThan(0);
    for (const { role, reach } of turnedAway) {
      const answer = await askFor(line, { org: "local", env: "demo" }, `Bearer ${tokens.get(`${role} of ${reach.reach}`)}`);
      expect(verdictOf(answer), `${id}, ${role} of ${reach.reach}`).toBe("403 PERMISSION_DENIED ACCESS_DENIED");
    }
    expect(verdictOf(await askFor(line, { org: "local", env: "demo" })), id).toMatch(/^401 /);
  }
  expect((await under.ask("GET ")).body).toEqual(["demo", "other"]);
});

test("what is public asks nobody, and looks at no credential", async () => {
  const open = ALL_LINES.filter(([, , id]) => requirementOf(id) === "public");
  expect(open.map(([, path]) => path)).toEqual(["/", "/openapi.json", "/$discovery/rest", "/reference", "/reference.css"]);
  for (const line of open) expect((await askFor(line, { org: "", env: "" }, "Bearer garbage")).status).toBe(200);
});

test("the table has a row for each method, and none for another", () => {
  expect(Object.keys(REQUIREMENTS).sort()).toEqual(ALL_LINES.map(([, , id]) => id).sort());
});

test("a method without a row is not served: control does not start with it", () => {
  const [line] = ALL_LINES as [RouteLine];
  const undecided: RouteLine = ["GET", "/new", "organizations.new", line[3]];
  for (const id of ["organizations.new", "constructor", "__proto__"]) {
    const lines: readonly RouteLine[] = [[undecided[0], undecided[1], id, undecided[3]]];
    expect(() => mountRoutes(new Hono(), lines, {} as ControlParts)).toThrow(`Method ${id}: Expected a row in access/table.ts`);
  }
});

test("lists have only what their readers may see", async () => {
  const seen = async (token: string | undefined) => {
    const headers = { authorization: `Bearer ${token}` };
    const organizations = (await under.ask("GET //v1/organizations", { headers })).body.organizations;
    const environments = (await under.ask("GET ", { headers })).body;
    return [organizations?.map(({ organization }: Json) => organization), environments.error?.status ?? environments];
  };
  expect(await seen(tokens.get("viewer of everywhere"))).toEqual([
    ["acme", "local"],
    ["demo", "other"],
  ]);
  expect(await seen(tokens.get("viewer of the organization"))).toEqual([["local"], ["demo", "other"]]);
  expect(await seen(tokens.get("admin of another environment"))).toEqual([["local"], ["other"]]);
  expect(await seen(tokens.get("admin of another organization"))).toEqual([["acme"], "PERMISSION_DENIED"]);
  expect(await seen(tokens.get("gateway of everywhere"))).toEqual([undefined, "PERMISSION_DENIED"]);
});
