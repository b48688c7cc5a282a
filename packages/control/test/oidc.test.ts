import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { jwtReader } from "../src/access/oidc.ts";
import { type OidcSettings, parseOidcSettings } from "../src/access/oidc-settings.ts";
import type { ControlNotice } from "../src/notice.ts";
import { type Json, openTestControl, verdictOf } from "./control-under-test.ts";

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;

const ISSUER = "https://login.example/";
const MINUTE_S = 60;

/** A real issuer: it serves the public halves of the keys that it has now. */
const issuer = createServer((_request, response) => {
  asked += 1;
  if (isDown) return void response.writeHead(503).end();
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ keys: served }));
});
let asked = 0;
let isDown = false;
let served: Json[] = [];
let first: Keys;
let second: Keys;
let settings: OidcSettings;

const publicJwk = async ({ publicKey }: Keys, kid: string) => ({ ...(await exportJWK(publicKey)), kid, alg: "ES256", use: "sig" });

beforeAll(async () => {
  await new Promise<void>((resolve) => issuer.listen(0, "127.0.0.1", resolve));
  [first, second] = await Promise.all([generateKeyPair("ES256", { extractable: true }), generateKeyPair("ES256", { extractable: true })]);
  const { port } = issuer.address() as AddressInfo;
  settings = parseOidcSettings({
    issuer: ISSUER,
    audience: "wherefrom",
    jwksUri: `http://127.0.0.1:${port}/jwks`,
    algorithms: ["ES256"],
    clockSkewSeconds: 10,
    nameClaim: "email",
    roles: [
      { claim: "groups", value: "platform", role: "admin", organization: "-" },
      { claim: "groups", value: "shop", role: "operator", organization: "local", environments: ["demo"] },
      { claim: "team", value: "readers", role: "viewer", organization: "local" },
    ],
  });
});
beforeEach(async () => {
  isDown = false;
  served = [await publicJwk(first, "k1")];
});
afterAll(() => new Promise((resolve) => issuer.close(resolve)));

type Signing = {
  readonly keys?: Keys;
  readonly kid?: string;
  readonly claims?: JWTPayload;
  readonly issuer?: string;
  readonly audience?: string | string[];
  /** Seconds from now. */
  readonly expires?: number | undefined;
  readonly notBefore?: number;
};

const seconds = (fromNow: number): number => Math.floor(Date.now() / 1_000) + fromNow;

function sign({ keys = first, kid = "k1", claims = {}, expires = MINUTE_S, notBefore, ...given }: Signing = {}): Promise<string> {
  const jwt = new SignJWT({ sub: "u-1", email: "alice@example.com", groups: ["platform"], ...claims })
    .setProtectedHeader({ alg: "ES256", kid })
    .setIssuer(given.issuer ?? ISSUER)
    .setAudience(given.audience ?? "wherefrom")
    .setIssuedAt();
  if (expires !== 0) jwt.setExpirationTime(seconds(expires));
  if (notBefore !== undefined) jwt.setNotBefore(seconds(notBefore));
  return jwt.sign(keys.privateKey);
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const claimsOf = () => ({ iss: ISSUER, aud: "wherefrom", sub: "u-1", groups: ["platform"], exp: seconds(MINUTE_S) });

/** What is no valid token, each for one reason. */
const invalid: Readonly<Record<string, () => Promise<string> | string>> = {
  "for another audience": () => sign({ audience: "somebody-else" }),
  "of another issuer": () => sign({ issuer: "https://login.example" }),
  expired: () => sign({ expires: -11 }),
  "not yet valid": () => sign({ notBefore: 20 }),
  "without an end": () => sign({ expires: 0 }),
  "without a subject": () => sign({ claims: { sub: undefined as unknown as string } }),
  "signed by nobody (alg none)": () => `${part({ alg: "none" })}.${part(claimsOf())}.`,
  "signed with the public key as a secret (HS256)": async () => {
    const secret = new TextEncoder().encode(await exportSPKI(first.publicKey));
    return new SignJWT(claimsOf()).setProtectedHeader({ alg: "HS256", kid: "k1" }).sign(secret);
  },
  "by a key that the issuer does not have": () => sign({ keys: second, kid: "k2" }),
  "by another key under a known id": () => sign({ keys: second }),
  "with other claims than were signed": async () => {
    const [header = "", , signature = ""] = (await sign({ claims: { groups: [] } })).split(".");
    return `${header}.${part(claimsOf())}.${signature}`;
  },
  "with a key of its own in the header": async () => {
    const header = { alg: "ES256", jwk: await exportJWK(second.publicKey) };
    return new SignJWT(claimsOf()).setProtectedHeader(header).sign(second.privateKey);
  },
};

describe("a JWT", () => {
  test.each(Object.keys(invalid))("%s is not taken", async (reason) => {
    const read = jwtReader(settings, { now: Date.now });
    expect(await read((await invalid[reason]?.()) ?? "")).toBeUndefined();
    expect(await read(await sign())).toMatchObject({ name: "oidc:alice@example.com", isVerified: true });
  });

  test.each([
    { given: { expires: -5 }, says: "that ended within the skew of clocks" },
    { given: { notBefore: 5 }, says: "that begins within it" },
    { given: { audience: ["other", "wherefrom"] }, says: "for several audiences, this one among them" },
  ])("$says is taken", async ({ given }) => {
    expect(await jwtReader(settings, { now: Date.now })(await sign(given))).toBeDefined();
  });

  test("means the roles whose claims it has", async () => {
    const read = jwtReader(settings, { now: Date.now });
    const grantsOf = async (claims: JWTPayload) => (await read(await sign({ claims })))?.grants;
    const operator = { role: "operator", organization: "local", environments: ["demo"] };
    expect(await grantsOf({ groups: ["shop", "x"], team: "readers" })).toEqual([
      operator,
      { role: "viewer", organization: "local", environments: undefined },
    ]);
    expect(await grantsOf({ groups: "shop" })).toEqual([operator]);
    expect(await grantsOf({ groups: ["Platform", "platform "], team: ["x"] })).toEqual([]);
  });

  test("by a new key is taken as soon as the issuer has it, and an unknown key does not make control ask without a pause", async () => {
    const patient = jwtReader(settings, { now: Date.now });
    await patient(await sign());
    asked = 0;
    for (let turn = 0; turn < 5; turn += 1) await patient(await sign({ keys: second, kid: `k${turn + 2}` }));
    expect(asked).toBe(0);
    const read = jwtReader(settings, { now: Date.now, cooldownMs: 0 });
    expect(await read(await sign())).toBeDefined();
    served = [await publicJwk(second, "k2")];
    expect(await read(await sign({ keys: second, kid: "k2" }))).toBeDefined();
    expect(await read(await sign())).toBeUndefined();
  });
});

test("the API takes tokens of the provider beside its own, under the name of the claim", async () => {
  const notices: ControlNotice[] = [];
  const { ask, control } = await openTestControl({ oidc: settings, onNotice: (notice) => void notices.push(notice) });
  const using = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
  expect((await ask("POST ", { ...using(await sign()), body: { name: "demo" } })).status).toBe(200);
  const [revision] = (await ask("GET /demo/revisions")).body.revisions;
  expect(revision).toMatchObject({ author: "oidc:alice@example.com", authorVerified: true });
  const shop = using(await sign({ claims: { groups: "shop" } }));
  expect((await ask("PUT /demo", { ...shop, body: { description: "x" } })).status).toBe(200);
  expect(verdictOf(await ask("DELETE /demo", shop))).toBe("403 PERMISSION_DENIED ACCESS_DENIED");
  expect(verdictOf(await ask("GET /demo", using(await sign({ audience: "x" }))))).toBe("401 UNAUTHENTICATED CREDENTIALS_INVALID");
  expect(control.firstToken).toMatch(/^wft_/);
});

test("while the issuer's keys cannot be had its tokens wait, and control's own work", async () => {
  isDown = true;
  const notices: ControlNotice[] = [];
  const { ask } = await openTestControl({ oidc: settings, onNotice: (notice) => void notices.push(notice) });
  const answer = await ask("GET ", { headers: { authorization: `Bearer ${await sign()}` } });
  expect(verdictOf(answer)).toBe("503 UNAVAILABLE IDENTITY_PROVIDER_UNAVAILABLE");
  expect((await ask("GET ")).status).toBe(200);
  expect(notices.map(({ kind }) => kind)).toEqual(["oidc-keys-unavailable"]);
  isDown = false;
  expect((await ask("GET ", { headers: { authorization: `Bearer ${await sign()}` } })).status).toBe(200);
});

test.each([
  { change: { algorithms: ["HS256"] }, says: "/algorithms/0: Expected one of RS256" },
  { change: { algorithms: ["none"] }, says: "/algorithms/0: Expected one of RS256" },
  { change: { jwksUri: "http://login.example/jwks" }, says: "/jwksUri: Expected an https URL" },
  { change: { roles: [] }, says: "/roles: Expected at least one rule" },
  { change: { roles: [{ claim: "a", value: "b", role: "gateway", organization: "-" }] }, says: "/roles/0/role: Expected viewer" },
  { change: { audience: "", colour: 1 }, says: "/audience: Expected a text that is not empty; /" },
])("settings with $change are refused", ({ change, says }) => {
  expect(() => parseOidcSettings({ ...settings, ...change })).toThrow(expect.objectContaining({ code: "CONTROL_OIDC_INVALID" }));
  expect(() => parseOidcSettings({ ...settings, ...change })).toThrow(says);
});
