import { createHash } from "node:crypto";
import fc from "fast-check";
import Database from "libsql";
import { describe, expect, onTestFinished, test } from "vitest";
import { createCheckLine } from "../src/access/check-line.ts";
import { createFailures } from "../src/access/failures.ts";
import { createProven } from "../src/access/proven.ts";
import { isSecret, newSecret, secretId } from "../src/access/secret.ts";
import type { ControlNotice } from "../src/notice.ts";
import { type ControlUnderTest, faultsOf, type Json, openTestControl, temporaryFolder, verdictOf } from "./control-under-test.ts";
import { openStream } from "./gateway-stream.ts";

const TOKENS = "//v1/organizations/local/tokens";
const VIEWER = [{ role: "viewer" }];

describe("a secret", () => {
  test("is found by its id, and kept as a hash", () => {
    const { id, text, hash } = newSecret("wft");
    expect(text).toMatch(/^wft_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$/);
    expect(secretId(text)).toBe(id);
    expect(hash).toBe(createHash("sha256").update(text).digest("hex"));
    expect(isSecret(text, hash)).toBe(true);
    expect(newSecret("wft").text).not.toBe(text);
  });

  test.each([
    "",
    "x",
    "wft_",
    `wft_${"0".repeat(16)}`,
    `wfx_${"0".repeat(16)}_${"A".repeat(43)}`,
    `wft_${"0".repeat(16)}_${"A".repeat(44)}`,
  ])("«%s» is none", (text) => {
    expect(secretId(text)).toBeUndefined();
  });

  test("with one character changed is another", () => {
    const { text, hash } = newSecret("wfg");
    for (let at = 4; at < text.length; at += 1) {
      const other = text[at] === "0" ? "1" : "0";
      expect(isSecret(`${text.slice(0, at)}${other}${text.slice(at + 1)}`, hash)).toBe(false);
    }
  });
});

describe("failures", () => {
  const limits = {
    maxAuthFailures: 3,
    maxAuthFailuresInFlood: 2,
    maxAuthFailuresOfAll: 10,
    authFailureWindowMs: 100,
    maxAuthFailureClients: 5,
  };
  const open = () => {
    const clock = { now: 1_000 };
    return { clock, failures: createFailures(limits, () => clock.now) };
  };

  test("of one client use up its patience until its window is over, and nobody else's", () => {
    const { clock, failures } = open();
    expect([1, 2, 3, 4].map(() => failures.add("a"))).toEqual([false, false, true, false]);
    clock.now += 40;
    expect([failures.waitMs("a"), failures.waitMs("b")]).toEqual([60, 0]);
    clock.now += 60;
    expect(failures.waitMs("a")).toBe(0);
    expect(failures.add("a")).toBe(false);
  });

  test("in a flood shorten the patience with those who failed themselves, and lock out nobody who did not", () => {
    const { clock, failures } = open();
    failures.add("mistaken once");
    for (let turn = 0; turn < 10; turn += 1) failures.add(`attacker ${turn % 3}`);
    failures.add("mistaken twice");
    failures.add("mistaken twice");
    expect(["mistaken once", "mistaken twice", "right"].map((client) => failures.waitMs(client))).toEqual([0, 100, 0]);
    clock.now += 100;
    expect(failures.waitMs("mistaken twice")).toBe(0);
  });

  test("of more clients than are remembered forget the oldest, and none who has used up his patience", () => {
    const { failures } = open();
    for (let turn = 0; turn < 3; turn += 1) failures.add("blocked");
    for (const client of ["1", "2", "3", "4", "5", "6"]) failures.add(client);
    expect(["blocked", "1", "2", "3", "6"].map((client) => failures.left(client))).toEqual([0, 3, 3, 2, 2]);
    expect(failures.waitMs("blocked")).toBe(100);
  });

  test("of so many blocked clients that there is no room let nobody out, and what is new is not remembered", () => {
    const { clock, failures } = open();
    const blocked = ["a", "b", "c", "d", "e"];
    for (const client of blocked) for (let turn = 0; turn < 3; turn += 1) failures.add(client);
    clock.now += 50;
    for (let turn = 0; turn < 50; turn += 1) failures.add(`flood ${turn % 10}`);
    expect(blocked.map((client) => failures.waitMs(client))).toEqual([50, 50, 50, 50, 50]);
    expect(failures.left("flood 1")).toBe(limits.maxAuthFailuresInFlood);
    clock.now += 50;
    // the windows are over, and there is room again
    for (let turn = 0; turn < 3; turn += 1) failures.add("flood 1");
    expect([failures.waitMs("flood 1"), failures.waitMs("a")]).toEqual([100, 0]);
  });

  test("whatever fails in whatever order, whoever is remembered as blocked stays so for his window, and no longer", () => {
    const step = fc.record({ client: fc.nat(9), pass: fc.nat(30) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { clock, failures } = open();
        const until = new Map<string, number>();
        for (const { client, pass } of steps) {
          clock.now += pass;
          const name = String(client);
          const wasBlocked = failures.waitMs(name) > 0;
          failures.add(name);
          const waitMs = failures.waitMs(name);
          expect(waitMs).toBeLessThanOrEqual(limits.authFailureWindowMs);
          // so many failures block with and without a flood
          if (wasBlocked && waitMs > 0) until.set(name, clock.now + waitMs);
          for (const [blocked, endsAt] of until) {
            if (clock.now < endsAt) expect(failures.waitMs(blocked)).toBe(endsAt - clock.now);
          }
        }
      }),
      { seed: 20261126 },
    );
  });
});

/** A header that control believes from its peer, so that one test can be many clients. */
const BELIEVING = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8"] } };

async function openBelieving(maxAuthFailures: number) {
  const notices: ControlNotice[] = [];
  const limits = { maxAuthFailures, authFailureWindowMs: 3_600_000 };
  const under = await openTestControl({
    clientIpResolutionConfig: BELIEVING,
    limits,
    onNotice: (notice) => void notices.push(notice),
  });
  const from = (client: string, authorization = `Bearer ${under.token}`) =>
    under.ask("GET ", { headers: { authorization, "x-forwarded-for": client } });
  return { notices, under, from };
}

test("an address that fails too often waits, and one line says so; a right token is let in all the same", async () => {
  const { notices, from } = await openBelieving(3);
  const beganMs = performance.now();
  for (let turn = 0; turn < 3; turn += 1) expect((await from("192.0.2.1", "Bearer no")).status).toBe(401);
  const waiting = await from("192.0.2.1", "Bearer no");
  const goneS = (performance.now() - beganMs) / 1_000;
  expect(verdictOf(waiting)).toBe("429 RESOURCE_EXHAUSTED TOO_MANY_AUTH_FAILURES");
  // an hour from the first failure, less what has passed of it
  const waitS = Number(waiting.headers.get("retry-after"));
  expect(waitS).toBeGreaterThanOrEqual(Math.floor(3_600 - goneS));
  expect(waitS).toBeLessThanOrEqual(3_600);
  for (const client of ["192.0.2.1", "192.0.2.2"]) expect((await from(client)).status).toBe(200);
  expect(notices).toEqual([{ kind: "client-blocked", client: "192.0.2.1" }]);
});

test("addresses of one /64 are one client, and a request without a token is no failure", async () => {
  const { from } = await openBelieving(2);
  for (const last of ["1", "ffff"]) await from(`2001:db8:0:1::${last}`, "Bearer no");
  expect((await from("2001:db8:0:1::abc", "Bearer no")).status).toBe(429);
  expect((await from("2001:db8:0:2::1", "Bearer no")).status).toBe(401);
  for (let turn = 0; turn < 5; turn += 1) expect((await from("192.0.2.9", "")).status).toBe(401);
  expect((await from("192.0.2.9")).status).toBe(200);
});

describe("behind one address", () => {
  const guess = () => newSecret("wft").text;

  test("wrong tokens that come at once fail no more often than one after the other", async () => {
    const { notices, from } = await openBelieving(5);
    const answers = await Promise.all(Array.from({ length: 40 }, () => from("192.0.2.1", `Bearer ${guess()}`)));
    const countOf = (asked: number): number => answers.filter(({ status }) => status === asked).length;
    expect([countOf(401), countOf(429)]).toEqual([5, 35]);
    expect(notices).toEqual([{ kind: "client-blocked", client: "192.0.2.1" }]);
  });

  test("a flood of wrong ones turns no right one away, be it new or known", async () => {
    const { under, from } = await openBelieving(3);
    const made = async (name: string) => `Bearer ${(await under.ask(`POST ${TOKENS}`, { body: { name, grants: VIEWER } })).body.token}`;
    const [known, fresh] = [await made("known"), await made("fresh")];
    await from("192.0.2.1", known);
    const flood = Array.from({ length: 60 }, () => from("192.0.2.1", `Bearer ${guess()}`));
    expect((await from("192.0.2.1", known)).status).toBe(200);
    expect((await from("192.0.2.1", fresh)).status).toBe(200);
    expect(new Set((await Promise.all(flood)).map(({ status }) => status))).toEqual(new Set([401, 429]));
  });

  test("many right ones at once are all let in, also where few may fail", async () => {
    const { from } = await openBelieving(1);
    const answers = await Promise.all(Array.from({ length: 50 }, () => from("192.0.2.1")));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });

  test("one that was right and is revoked is wrong", async () => {
    const { under, from } = await openBelieving(1);
    const { token, tokenId } = (await under.ask(`POST ${TOKENS}`, { body: { name: "gone", grants: VIEWER } })).body;
    expect((await from("192.0.2.1", `Bearer ${token}`)).status).toBe(200);
    await under.ask(`DELETE ${TOKENS}/${tokenId}`);
    expect([await from("192.0.2.1", `Bearer ${token}`), await from("192.0.2.1", `Bearer ${token}`)].map(verdictOf)).toEqual([
      "401 UNAUTHENTICATED CREDENTIALS_INVALID",
      "429 RESOURCE_EXHAUSTED TOO_MANY_AUTH_FAILURES",
    ]);
  });

  test("as many are checked at a time as may fail, one when none may, and those past the line are turned away", async () => {
    let left = 2;
    const line = createCheckLine({ left: () => left }, { maxWaitingChecks: 2 });
    const entered: number[] = [];
    const enter = (number: number) =>
      line.enter("a").then((leave) => {
        if (leave !== undefined) entered.push(number);
        return leave;
      });
    const [first, second, third, fourth, fifth] = [1, 2, 3, 4, 5].map(enter);
    const [leaveFirst, leaveSecond] = await Promise.all([first, second]);
    expect([entered, await fifth, typeof (await line.enter("b"))]).toEqual([[1, 2], undefined, "function"]);
    left = 0;
    leaveFirst?.();
    await Promise.resolve();
    expect(entered).toEqual([1, 2]);
    leaveSecond?.();
    (await third)?.();
    expect([typeof (await fourth), entered]).toEqual(["function", [1, 2, 3, 4]]);
  });

  test("only the last credentials that were right are known as such", () => {
    const proven = createProven({ maxProvenCredentials: 2 });
    for (const each of ["a", "b", "a", "c"]) proven.add(each);
    expect(["a", "b", "c"].map((each) => proven.has(each))).toEqual([false, true, true]);
    proven.forget("b");
    expect(proven.has("b")).toBe(false);
  });
});

describe("tokens", () => {
  const create = ({ ask }: ControlUnderTest, body: Json) => ask(`POST ${TOKENS}`, { body });
  const using = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

  test("are made, listed without what lets their holders in, and revoked; what they do bears their name", async () => {
    const under = await openTestControl();
    const { ask } = under;
    const made = await create(under, { name: "ci", grants: [{ role: "operator", environments: ["demo"] }, { role: "admin" }] });
    const { token, ...shown } = made.body;
    expect(shown).toEqual({
      tokenId: secretId(token),
      name: "ci",
      grants: [{ role: "operator", environments: ["demo"] }, { role: "admin" }],
      createdAt: expect.stringMatching(/^[0-9]{13}$/),
    });
    expect((await ask(`GET ${TOKENS}`)).body).toEqual({ tokens: [shown] });
    expect((await ask("POST ", { ...using(token), body: { name: "demo" } })).status).toBe(200);
    const log = (await ask("GET //v1/organizations/local/auditLog")).body.entries;
    expect(log.map(({ author, authorVerified, method }: Json) => [author, authorVerified, method]).slice(0, 2)).toEqual([
      ["token:ci", true, "organizations.environments.create"],
      ["process:test", true, "organizations.tokens.create"],
    ]);
    expect(JSON.stringify(log)).not.toContain(token);
    expect((await ask(`DELETE ${TOKENS}/${shown.tokenId}`)).body).toEqual({});
    expect(verdictOf(await ask("GET ", using(token)))).toBe("401 UNAUTHENTICATED CREDENTIALS_INVALID");
    expect(verdictOf(await ask(`DELETE ${TOKENS}/${shown.tokenId}`))).toBe("404 NOT_FOUND TOKEN_NOT_FOUND");
  });

  test("of one organization are not those of another, nor revoked by its admins", async () => {
    const under = await openTestControl();
    await under.ask("POST //v1/organizations", { body: { name: "acme" } });
    const { token, tokenId } = (await create(under, { name: "theirs", grants: [{ role: "admin" }] })).body;
    const acme = (await under.ask("POST //v1/organizations/acme/tokens", { body: { name: "ours", grants: [{ role: "admin" }] } })).body;
    expect(verdictOf(await under.ask(`DELETE //v1/organizations/acme/tokens/${tokenId}`, using(acme.token)))).toMatch(/TOKEN_NOT_FOUND/);
    expect(
      verdictOf(await under.ask("POST //v1/organizations/-/tokens", { ...using(token), body: { name: "x", grants: VIEWER } })),
    ).toMatch(/^403/);
    await under.ask("DELETE //v1/organizations/acme");
    expect((await under.ask("GET //v1/organizations", using(acme.token))).status).toBe(401);
  });

  test("for all organizations are kept beside them, with an audit log of their own", async () => {
    const { ask } = await openTestControl();
    const made = await ask("POST //v1/organizations/-/tokens", { body: { name: "root", grants: [{ role: "admin" }] } });
    expect((await ask("GET //v1/organizations", using(made.body.token))).status).toBe(200);
    // an organization may call a token of its own "root", and must not pass for this one
    await ask("POST ", { ...using(made.body.token), body: { name: "demo" } });
    expect((await ask("GET //v1/organizations/local/auditLog")).body.entries[0]).toMatchObject({ author: "token:-/root" });
    const log = (await ask("GET //v1/organizations/-/auditLog")).body.entries;
    expect(log.map(({ author, reason }: Json) => [author, reason])).toEqual([
      ["process:test", undefined],
      ["wherefrom", "Made at the first start"],
    ]);
    expect(verdictOf(await ask("GET //v1/organizations/-/environments"))).toBe("404 NOT_FOUND ORGANIZATION_NOT_FOUND");
  });

  test("end when they are to end, and their last use is kept to the hour", async () => {
    let now = Date.UTC(2030, 0, 1, 10, 20);
    const under = await openTestControl({ now: () => now });
    const { token } = (await create(under, { name: "ci", grants: VIEWER, expires_at: now + 7_200_000 })).body;
    const lastUsed = async () => (await under.ask(`GET ${TOKENS}`)).body.tokens[0].lastUsedAt;
    expect(await lastUsed()).toBeUndefined();
    await under.ask("GET ", using(token));
    await expect.poll(lastUsed).toBe(String(Date.UTC(2030, 0, 1, 10)));
    now += 7_199_999;
    expect((await under.ask("GET ", using(token))).status).toBe(200);
    now += 1;
    expect((await under.ask("GET ", using(token))).status).toBe(401);
  });

  test.each([
    { says: "every fault", body: { name: "a b", grants: [{ role: "owner" }], colour: 1 }, faults: ["colour", "grants/0/role", "name"] },
    { says: "no grant", body: { name: "a", grants: [] }, faults: ["grants"] },
    { says: "a gateway of every environment", body: { name: "a", grants: [{ role: "gateway" }] }, faults: ["grants"] },
    {
      says: "a gateway that is more",
      body: { name: "a", grants: [{ role: "gateway", environments: ["demo"] }, { role: "viewer" }] },
      faults: ["grants"],
    },
    { says: "no environment", body: { name: "a", grants: [{ role: "viewer", environments: [] }] }, faults: ["grants/0/environments"] },
    { says: "an end that is over", body: { name: "a", grants: VIEWER, expiresAt: "5" }, faults: ["expiresAt"] },
  ])("are refused with $says", async ({ body, faults }) => {
    const under = await openTestControl();
    const answer = await create(under, body);
    expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT FIELDS_INVALID");
    expect([...faultsOf(answer)].sort()).toEqual(faults);
  });

  test("have one name each, and are no more than the limit", async () => {
    const under = await openTestControl({ limits: { maxTokens: 2 } });
    const verdict = async (name: string) => verdictOf(await create(under, { name, grants: VIEWER }));
    expect([await verdict("a"), await verdict("a"), await verdict("b"), await verdict("c")]).toEqual([
      "200",
      "409 ALREADY_EXISTS TOKEN_EXISTS",
      "200",
      "400 FAILED_PRECONDITION TOO_MANY_TOKENS",
    ]);
  });
});

test("an event stream ends with its token, before the next event", async () => {
  const under = await openTestControl();
  await under.ask("POST ", { body: { name: "demo" } });
  const grants = [{ role: "gateway", environments: ["demo"] }];
  const { token, tokenId } = (await under.ask(`POST ${TOKENS}`, { body: { name: "edge", grants } })).body;
  const get: ControlUnderTest["get"] = (path, init) =>
    under.get(path, { ...init, headers: { ...(init?.headers as Record<string, string>), authorization: `Bearer ${token}` } });
  const stream = await openStream({ ...under, get }, "g1");
  expect((await stream.next())?.id).toBe("r1");
  await under.ask("PUT /demo", { body: { description: "one" } });
  expect((await stream.next())?.id).toBe("r2");
  await under.ask(`DELETE ${TOKENS}/${tokenId}`);
  await under.ask("PUT /demo", { body: { description: "two" } });
  expect(await stream.next()).toBeUndefined();
});

test("no answer lets a page of another site read, frame or keep hold of it", async () => {
  const { get } = await openTestControl();
  for (const path of ["//", "//reference", "/none"]) {
    const { headers } = await get(path, { headers: { origin: "https://evil.example" } });
    expect(Object.fromEntries(headers)).toMatchObject({
      "cache-control": "no-store",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
    });
    expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  }
});

test("the first start makes one admin token, of which the database has no more than the hash", async () => {
  const database = `${await temporaryFolder()}/control.db`;
  const first = await openTestControl({ database: `sqlite:${database}` });
  const { firstToken = "" } = first.control;
  expect((await first.ask("GET //v1/organizations", { headers: { authorization: `Bearer ${firstToken}` } })).status).toBe(200);
  await first.control.close();
  const file = new Database(database);
  onTestFinished(() => void file.close());
  expect(JSON.stringify([file.prepare("SELECT * FROM tokens").all(), file.prepare("SELECT * FROM audit_log").all()])).not.toContain(
    firstToken.slice(-43),
  );
  file.close();
  const second = await openTestControl({ database: `sqlite:${database}` });
  expect(second.control.firstToken).toBeUndefined();
});

test("without access control everybody may do everything, and no token is made", async () => {
  const { control, ask } = await openTestControl({ access: "off" });
  expect(control.firstToken).toBeUndefined();
  expect((await ask("POST ", { body: { name: "demo" }, headers: { authorization: "" } })).status).toBe(200);
  expect((await ask("PUT /demo/gateways/g", { body: { revision: 1 }, headers: { authorization: "" } })).status).toBe(200);
});
