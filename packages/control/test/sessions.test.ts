import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { describe, expect, onTestFinished, test } from "vitest";
import type { ControlOptions } from "../src/control.ts";
import { type Answer, type Ask, type ControlUnderTest, type Json, openTestControl, verdictOf } from "./control-under-test.ts";

const SESSIONS = "//v1/sessions";
const HOUR_MS = 3_600_000;
const START = Date.UTC(2030, 0, 1, 10, 20);

/** A control at a time of its own, and a token with which somebody works. */
async function open(grants: Json = [{ role: "operator" }], options: Partial<ControlOptions> = {}) {
  const clock = { now: START };
  const under = await openTestControl({ now: () => clock.now, ...options });
  const made = async (name: string, more: Json = {}): Promise<Json> =>
    (await under.ask("POST //v1/organizations/local/tokens", { body: { name, grants, ...more } })).body;
  await under.ask("POST ", { body: { name: "demo" } });
  return { ...under, clock, made };
}

/** What a browser sends that runs a page of control. */
function browser({ ask, control }: ControlUnderTest, cookie: string) {
  const headers = { authorization: "", cookie, origin: control.url, "sec-fetch-site": "same-origin" };
  return (line: string, more: Ask = {}): Promise<Answer> => ask(line, { ...more, headers: { ...headers, ...more.headers } });
}

function login({ ask }: ControlUnderTest, token: string): Promise<Answer> {
  return ask(`POST ${SESSIONS}`, { headers: { authorization: `Bearer ${token}` } });
}

const cookieOf = ({ headers }: Answer): string => headers.get("set-cookie")?.split(";")[0] ?? "";

test("a token begins a session, whose cookie no script and no other site has, and which may do what the token may", async () => {
  const under = await open();
  const { token, tokenId } = await under.made("alice");
  const answer = await login(under, token);
  expect(answer.body).toMatchObject({
    owner: `token:${tokenId}`,
    createdAt: String(START),
    expiresAt: String(START + 12 * HOUR_MS),
    current: true,
  });
  expect(answer.headers.get("set-cookie")).toMatch(
    /^wherefrom-session=wfs_[0-9a-f]{16}_[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
  );
  expect(JSON.stringify(answer.body)).not.toContain("wfs_");
  const asking = browser(under, cookieOf(answer));
  expect((await asking("PATCH /demo", { body: { description: "by hand" } })).status).toBe(200);
  expect(verdictOf(await asking("DELETE /demo"))).toBe("403 PERMISSION_DENIED ACCESS_DENIED");
  const [entry, ...before] = (await under.ask("GET //v1/organizations/local/auditLog")).body.entries;
  expect(entry).toMatchObject({ author: "token:alice", authorVerified: true, method: "organizations.environments.modifyEnvironment" });
  expect(before[0]).toMatchObject({
    author: "token:alice",
    method: "sessions.create",
    resource: `organizations/local/sessions/${answer.body.sessionId}`,
    change: "CREATED",
  });
});

describe("a request with a cookie", () => {
  const cases: readonly { what: string; line: string; headers: Readonly<Record<string, string>>; verdict: string }[] = [
    { what: "a page of another site", line: "POST /demo:abort", headers: { origin: "https://evil.example" }, verdict: "403" },
    {
      what: "a page on another port of this machine, which is the same site",
      line: "POST /demo:abort",
      headers: { origin: "http://127.0.0.1:1" },
      verdict: "403",
    },
    { what: "a page that has no origin", line: "POST /demo:abort", headers: { origin: "null" }, verdict: "403" },
    { what: "a browser that says so in another way", line: "POST /demo:abort", headers: { "sec-fetch-site": "same-site" }, verdict: "403" },
    { what: "another site that only reads", line: "GET /demo", headers: { origin: "https://evil.example" }, verdict: "403" },
    {
      what: "another site that reads without saying where it is",
      line: "GET /demo",
      headers: { origin: "", "sec-fetch-site": "cross-site" },
      verdict: "403",
    },
    { what: "another site that deletes", line: "DELETE /demo", headers: { origin: "https://evil.example" }, verdict: "403" },
    { what: "somebody who writes and does not say from where", line: "POST /demo:abort", headers: { origin: "" }, verdict: "403" },
    { what: "an address that was typed", line: "GET /demo", headers: { origin: "", "sec-fetch-site": "none" }, verdict: "200" },
    { what: "a page of control", line: "POST /demo:abort", headers: {}, verdict: "400" },
  ];
  test.each(cases)("of $what is answered $verdict: $line", async ({ line, headers, verdict }) => {
    const under = await open([{ role: "admin" }]);
    const cookie = cookieOf(await login(under, (await under.made("alice")).token));
    const sent: Record<string, string> = {
      authorization: "",
      cookie,
      origin: under.control.url,
      "sec-fetch-site": "same-origin",
      ...headers,
    };
    if (sent["origin"] === "") delete sent["origin"];
    const answer = await under.ask(line, { headers: sent });
    expect(verdictOf(answer).split(" ")[0]).toBe(verdict);
    if (verdict === "403") expect(verdictOf(answer)).toBe("403 PERMISSION_DENIED ORIGIN_REFUSED");
    expect((await under.ask("GET /demo")).status).toBe(200);
  });

  test("that is none of a session, or a token's, or two, lets nobody in and counts as a failure", async () => {
    const under = await open([{ role: "operator" }], { limits: { maxAuthFailures: 3 } });
    const { token } = await under.made("alice");
    const good = cookieOf(await login(under, token));
    const altered = `${good.slice(0, -1)}${good.endsWith("A") ? "B" : "A"}`;
    for (const cookie of [altered, `wherefrom-session=${token}`, "wherefrom-session="]) {
      expect(verdictOf(await browser(under, cookie)("GET /demo"))).toBe("401 UNAUTHENTICATED CREDENTIALS_INVALID");
    }
    expect(verdictOf(await browser(under, altered)("GET /demo"))).toBe("429 RESOURCE_EXHAUSTED TOO_MANY_AUTH_FAILURES");
    expect(verdictOf(await browser(under, `${good}; ${good}`)("GET /demo"))).toBe("401 UNAUTHENTICATED CREDENTIALS_MISSING");
    // nor does what stands in the cookie count as a token
    const asToken = { headers: { authorization: `Bearer ${good.split("=")[1]}` } };
    expect((await under.ask("GET /demo", asToken)).status).toBe(429);
    expect((await browser(under, good)("GET /demo")).status).toBe(200);
  });
});

describe("a session is over", () => {
  const ends: readonly { when: string; end: (under: Awaited<ReturnType<typeof open>>, made: Json, sessionId: string) => unknown }[] = [
    { when: "its token is revoked", end: ({ ask }, { tokenId }) => ask(`DELETE //v1/organizations/local/tokens/${tokenId}`) },
    { when: "its token has expired", end: ({ clock }) => Object.assign(clock, { now: START + HOUR_MS }) },
    { when: "it was not used for an hour", end: ({ clock }) => Object.assign(clock, { now: START + HOUR_MS - 1 }) },
    { when: "an admin of everything ends it", end: ({ ask }, _made, sessionId) => ask(`DELETE ${SESSIONS}/${sessionId}`) },
  ];
  test.each(ends)("when $when, and lets nobody in", async ({ when, end }) => {
    const isIdle = when.includes("used");
    const limits = isIdle ? { sessionIdleMs: HOUR_MS / 2 } : { sessionIdleMs: 2 * HOUR_MS };
    const under = await open([{ role: "operator" }], { limits: { ...limits, maxAuthFailures: 1 } });
    const made = await under.made("alice", { expiresAt: String(START + HOUR_MS) });
    const begun = await login(under, made.token);
    const asking = browser(under, cookieOf(begun));
    expect((await asking("GET /demo")).status).toBe(200);
    await end(under, made, begun.body.sessionId);
    expect(verdictOf(await asking("GET /demo"))).toBe("401 UNAUTHENTICATED CREDENTIALS_INVALID");
    expect((await under.ask(`GET ${SESSIONS}?owner=-`)).body.sessions.length).toBe(
      when.includes("token") && !when.includes("expired") ? 1 : 0,
    );
  });

  test.each([
    { says: "forward by two hours and then back by a day", forwardMs: 2 * HOUR_MS },
    { says: "back by a day after its hour has passed", forwardMs: HOUR_MS },
  ])("and its token ends, for good: the clock is put $says", async ({ forwardMs }) => {
    const under = await open([{ role: "operator" }], { limits: { sessionIdleMs: HOUR_MS } });
    const unused = browser(under, cookieOf(await login(under, (await under.made("lasting")).token)));
    const { token } = await under.made("alice", { expiresAt: String(START + HOUR_MS) });
    const ended = browser(under, cookieOf(await login(under, token)));
    const byToken = () => under.ask("GET /demo", { headers: { authorization: `Bearer ${token}` } });
    const statuses = async () => [(await unused("GET /demo")).status, (await ended("GET /demo")).status, (await byToken()).status];
    expect(await statuses()).toEqual([200, 200, 200]);
    under.clock.now += forwardMs;
    expect(await statuses()).toEqual([401, 401, 401]);
    under.clock.now -= 24 * HOUR_MS;
    expect(await statuses()).toEqual([401, 401, 401]);
  });

  test("when its owner leaves: then its cookie goes, and it stands in the audit log", async () => {
    const under = await open();
    const { token } = await under.made("alice");
    const begun = await login(under, token);
    const asking = browser(under, cookieOf(begun));
    const left = await asking(`DELETE ${SESSIONS}/current`);
    expect([left.status, left.headers.get("set-cookie")]).toEqual([
      200,
      "wherefrom-session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict",
    ]);
    expect((await asking("GET /demo")).status).toBe(401);
    const [entry] = (await under.ask("GET //v1/organizations/local/auditLog")).body.entries;
    expect(entry).toMatchObject({
      method: "sessions.end",
      resource: `organizations/local/sessions/${begun.body.sessionId}`,
      change: "DELETED",
    });
  });

  test("after twelve hours, however much it was used; use keeps it open until then", async () => {
    const under = await open();
    const asking = browser(under, cookieOf(await login(under, (await under.made("alice")).token)));
    for (let at = START; at < START + 12 * HOUR_MS; at += HOUR_MS / 2) {
      under.clock.now = at;
      expect((await asking("GET /demo")).status).toBe(200);
      const seen = async () => (await under.ask(`GET ${SESSIONS}?owner=-`)).body.sessions[0].lastSeenAt;
      await expect.poll(seen).toBe(String(at));
    }
    under.clock.now = START + 12 * HOUR_MS;
    expect((await asking("GET /demo")).status).toBe(401);
  });

  test("and is swept away by itself", async () => {
    const under = await open([{ role: "operator" }], { limits: { sweepMs: 5 } });
    const { token } = await under.made("alice");
    const { sessionId } = (await login(under, token)).body;
    under.clock.now += HOUR_MS + 1;
    await expect.poll(async () => verdictOf(await under.ask(`DELETE ${SESSIONS}/${sessionId}`))).toBe("404 NOT_FOUND SESSION_NOT_FOUND");
  });
});

test("an owner sees and ends its own sessions, an admin of everything all of them, and nobody those of others", async () => {
  const under = await open();
  const [alice, bob] = [await under.made("alice"), await under.made("bob")];
  const [first, second] = [await login(under, alice.token), await login(under, bob.token)];
  const asking = browser(under, cookieOf(first));
  expect((await asking(`GET ${SESSIONS}`)).body.sessions).toMatchObject([{ sessionId: first.body.sessionId, current: true }]);
  for (const owner of [second.body.owner, "-"]) {
    expect(verdictOf(await asking(`GET ${SESSIONS}?owner=${owner}`))).toBe("403 PERMISSION_DENIED ACCESS_DENIED");
  }
  expect(verdictOf(await asking(`DELETE ${SESSIONS}/${second.body.sessionId}`))).toBe("404 NOT_FOUND SESSION_NOT_FOUND");
  expect((await under.ask(`GET ${SESSIONS}?owner=-`)).body.sessions).toHaveLength(2);
  expect((await under.ask(`GET ${SESSIONS}?owner=${second.body.owner}`)).body.sessions).toMatchObject([{ current: false }]);
  expect((await under.ask(`DELETE ${SESSIONS}/${second.body.sessionId}`)).status).toBe(200);
  expect((await browser(under, cookieOf(second))("GET /demo")).status).toBe(401);
});

test("one owner has so many sessions, and takes those of nobody else", async () => {
  const under = await open([{ role: "viewer" }], { limits: { maxSessionsOfOwner: 2 } });
  const [alice, bob] = [await under.made("alice"), await under.made("bob")];
  const bobs = browser(under, cookieOf(await login(under, bob.token)));
  const alices: ReturnType<typeof browser>[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    under.clock.now += 1;
    alices.push(browser(under, cookieOf(await login(under, alice.token))));
  }
  const statuses = await Promise.all([...alices, bobs].map(async (asking) => (await asking("GET /demo")).status));
  expect(statuses).toEqual([401, 401, 401, 200, 200, 200]);
});

test.each([
  { what: "the cookie of another session", access: "tokens" as const },
  { what: "a key of this process", access: "tokens" as const },
  { what: "nothing, where nobody is asked", access: "off" as const },
])("no session begins with $what", async ({ what, access }) => {
  const under = await open([{ role: "viewer" }], { access });
  const asking = what.startsWith("the cookie")
    ? browser(under, cookieOf(await login(under, (await under.made("alice")).token)))(`POST ${SESSIONS}`)
    : login(under, under.token);
  expect(verdictOf(await asking)).toBe("400 FAILED_PRECONDITION SESSION_NEEDS_TOKEN");
});

test("a person of the identity provider has a session no longer than the JWT, with what it said, and over TLS the strictest cookie", async () => {
  const keys = await generateKeyPair("ES256");
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: "k", alg: "ES256", use: "sig" };
  const issuer = createServer((_request, response) =>
    response.setHeader("content-type", "application/json").end(JSON.stringify({ keys: [jwk] })),
  );
  await new Promise<void>((resolve) => issuer.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void issuer.close());
  const jwksUri = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/`;
  const roles = [{ claim: "team", value: "shop", role: "operator", organization: "local", environments: ["demo"] }];
  const oidc = { issuer: "https://login.example/", audience: "wherefrom", jwksUri, algorithms: ["ES256"], nameClaim: "email", roles };
  const under = await open([], { oidc, names: ["control.example"], tlsProxies: ["127.0.0.1"] });
  const signed = (sub: string) =>
    new SignJWT({ sub, email: "alice@example.com", team: "shop" })
      .setProtectedHeader({ alg: "ES256", kid: "k" })
      .setIssuer(oidc.issuer)
      .setAudience(oidc.audience)
      .setExpirationTime((START + HOUR_MS) / 1_000)
      .sign(keys.privateKey);
  const begun = await login(under, await signed("u-1"));
  expect(begun.body).toMatchObject({ owner: "oidc:u-1", expiresAt: String(START + HOUR_MS) });
  expect(begun.headers.get("set-cookie")).toMatch(/^__Host-wherefrom=wfs_\S+; Path=\/; Max-Age=3600; HttpOnly; SameSite=Strict; Secure$/);
  // somebody else of the same name is another owner
  expect((await login(under, await signed("u-2"))).body.owner).toBe("oidc:u-2");
  const headers = { authorization: "", cookie: cookieOf(begun), origin: under.control.url.replace("http:", "https:") };
  const changed = await under.ask("PATCH /demo", { body: { description: "by hand" }, headers });
  expect(changed.status).toBe(200);
  expect((await under.ask("GET //v1/organizations/local/auditLog")).body.entries[0]).toMatchObject({ author: "oidc:alice@example.com" });
  expect((await under.ask("GET //v1/organizations/-/auditLog")).body.entries[1]).toMatchObject({
    method: "sessions.create",
    author: "oidc:alice@example.com",
  });
  under.clock.now = START + HOUR_MS;
  expect((await under.ask("GET /demo", { headers })).status).toBe(401);
});

test("what is no page loads and runs nothing, wherever it is opened", async () => {
  const { headers } = await (await open()).get("/demo");
  expect(headers.get("content-security-policy")).toBe("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  expect(headers.get("referrer-policy")).toBe("no-referrer");
});
