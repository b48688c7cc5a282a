import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openControlForCli, WALK, XFF_LEFTMOST } from "./control-for-cli.ts";
import { deliverEvents } from "./deliver-events.ts";

const EVIDENCE = [
  { peer: "10.0.0.1", headers: [["X-Forwarded-For", "6.6.6.6, 203.0.113.7"]] },
  { peer: "10.0.0.1", headers: [["X-Forwarded-For", "203.0.113.8"]] },
]
  .map((request) => JSON.stringify(request))
  .join("\n");

test("an environment is listed, read, changed for a reason, and told of in the history", async () => {
  const { run, json } = await openControlForCli();
  const set = await run(["env", "set", "prod", "--policy", JSON.stringify(WALK), "--reason", "Zwei Proxys: größer"]);
  expect(set).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining('etag     "r2"') });
  const { stdout } = await run(["env", "list"]);
  expect(stdout).toMatch(/^name +revision +algorithm +changed +description\nprod +2 +trustedProxiesAlgorithm +20\d\d-[\d :-]+ UTC\n$/);
  expect(await json(["env", "get"], { env: { WHEREFROM_ENVIRONMENT: "prod" } })).toMatchObject({
    version: 1,
    etag: '"r2"',
    environment: { name: "prod", clientIpResolutionConfig: WALK },
  });
  const history = await run(["env", "history", "prod"]);
  expect(history.stdout.split("\n")[1]).toMatch(
    /^2 +[\d :-]+ UTC +updated +process:alice +Zwei Proxys: gr\\u00f6\\u00dfer +\/clientIpResolutionConfig\/headerIndexAlgorithm \/clientIpResolutionConfig\/trustedProxiesAlgorithm$/,
  );
  const one = await json(["env", "history", "prod", "--revision", "2", "--from", "1"]);
  expect(one).toMatchObject({
    revision: { author: "process:alice", reason: "Zwei Proxys: größer" },
    from: 1,
    changes: [{ kind: "removed" }, { kind: "added" }],
  });
});

test("an environment is made, deleted by the version that stands, and brought back", async () => {
  const { run, json } = await openControlForCli();
  const made = await json(["env", "create", "test", "--policy", JSON.stringify(WALK), "--description", "new", "--reason", "tried"]);
  expect(made).toMatchObject({ etag: '"r1"', environment: { name: "test", description: "new", clientIpResolutionConfig: WALK } });
  const again = await run(["env", "create", "test"]);
  expect(again).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("(ENVIRONMENT_EXISTS)") });
  const stale = await run(["env", "delete", "test", "--if-match", '"r2"']);
  expect(stale).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("(REVISION_STALE)") });
  expect(await run(["env", "delete", "test", "--if-match", '"r1"'])).toMatchObject({ code: 0, stdout: "Deleted test\n" });
  expect((await run(["env", "get", "test"])).stderr).toContain("(ENVIRONMENT_NOT_FOUND)");
  expect((await json(["env", "rollback", "test"])).environment).toMatchObject({ clientIpResolutionConfig: WALK });
});

test("an environment is rolled back, by a version of it that stands", async () => {
  const { run, json } = await openControlForCli();
  await run(["env", "set", "prod", "--description", "second"]);
  const stale = await run(["env", "rollback", "prod", "1", "--if-match", '"r1"']);
  expect(stale).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("(REVISION_STALE) [API_REFUSED]") });
  const back = await json(["env", "rollback", "1"], { env: { WHEREFROM_ENVIRONMENT: "prod" } });
  expect(back.etag).toBe('"r3"');
  expect(back.environment).not.toHaveProperty("description");
});

test("a rollout is shown, tried first, stopped and rolled back", async () => {
  const { control, run, json } = await openControlForCli();
  const gateway = `${control.url}/v1/organizations/local/environments/prod/gateways/gw-a`;
  const authorization = `Bearer ${control.issueKey({ name: "gw-a", role: "gateway", organization: "local", environments: ["prod"] })}`;
  const report = (body: object) =>
    fetch(gateway, { method: "PUT", headers: { "content-type": "application/json", authorization }, body: JSON.stringify(body) });
  await report({ revision: 1, version: "0.1.0", requests: 8, fallbacks: { "header-absent": 1 } });
  const done = await run(["env", "rollout", "prod", "--watch"]);
  expect(done).toMatchObject({ code: 0, stderr: "" });
  expect(done.stdout).toMatch(/^Revision 1: done\ngateway +state .*\ngw-a +current +1 +1 +8 +12\.5 % +0\.1\.0 +-\n$/);
  await run(["env", "set", "prod", "--policy", JSON.stringify(WALK), "--share", "50"]);
  const staged = await run(["env", "rollout", "prod"]);
  expect(staged.code).toBe(1);
  expect(staged.stdout).toMatch(/^Revision 2: staged\ntried by +gw-a\n/);
  expect(staged.stdout).toMatch(/\ngw-a \(first\) +behind +1 +2 /);
  expect((await json(["env", "abort", "prod", "--reason", "no"])).environment).toMatchObject({ clientIpResolutionConfig: XFF_LEFTMOST });
  expect(await run(["env", "promote", "prod"])).toMatchObject({ code: 2, stderr: expect.stringContaining("(ROLLOUT_ABSENT)") });
  await run(["env", "set", "prod", "--policy", JSON.stringify(WALK), "--rollout", '{"share":100}']);
  expect((await json(["env", "rollback", "prod"])).environment).toMatchObject({ clientIpResolutionConfig: XFF_LEFTMOST });
});

test("a request is explained as resolve explains it, by the environment's policy or another", async () => {
  const { run, json } = await openControlForCli();
  const request = ["--peer", "10.0.0.1", "-H", "X-Forwarded-For: 6.6.6.6, 203.0.113.7"];
  const resolved = await run(["resolve", "--explain", ...request, "--policy", JSON.stringify(XFF_LEFTMOST)]);
  const explained = await run(["env", "explain", "prod", ...request]);
  expect(explained).toEqual({ ...resolved, stdout: `${resolved.stdout}\nBy the policy of prod, revision 1\n` });
  expect(await json(["env", "explain", "prod", ...request, "--policy", JSON.stringify(WALK)])).toMatchObject({
    ip: "203.0.113.7",
    policy: "tried",
  });
});

test("a diagnosis joins what is given with what control knows, and says which is whose", async () => {
  const { control, folder, run, json } = await openControlForCli();
  const authorization = `Bearer ${control.issueKey({ name: "gw-a", role: "gateway", organization: "local", environments: ["prod"] })}`;
  await fetch(`${control.url}/v1/organizations/local/environments/prod/gateways/gw-a`, {
    method: "PUT",
    headers: { "content-type": "application/json", authorization },
    body: JSON.stringify({ revision: 1, requests: 50, fallbacks: { "hop-not-an-address": 40 } }),
  });
  writeFileSync(join(folder, "facts.json"), JSON.stringify({ "hdr.xffHasPort": true, "app.trust": null }));
  const facts = ["--facts", join(folder, "facts.json"), "--facts", '{"res.equals": "null"}'];
  expect(await json(["env", "diagnose", "prod", ...facts])).toMatchObject({
    version: 1,
    environment: "prod",
    revisionId: "1",
    causes: expect.arrayContaining([expect.objectContaining({ id: "port-in-xff" })]),
    facts: { "hdr.xffHasPort": true, "res.equals": "null", "res.usedFallback": true },
    knownFacts: { "app.trust": "wildcard", "res.usedFallback": true },
    advice: { causes: [{ id: "port-in-xff" }] },
  });
  const { code, stdout } = await run(["env", "diagnose", "prod", ...facts, "--language", "ja", "--format", "markdown"]);
  expect({ code, start: stdout.split("\n")[0] }).toEqual({ code: 0, start: "# クライアントアドレスが誤っている理由" });
  expect(stdout).toContain("コントロールプレーンが自ら知っていること");
  const faulty = await run(["env", "diagnose", "prod", "--facts", '{"nope": 1}']);
  expect(faulty).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("(FACTS_SIGNAL_UNKNOWN)") });
});

describe("preview and apply", () => {
  test("a policy is previewed on a file, and goes through with the preview's tag only", async () => {
    const { run, json, folder } = await openControlForCli();
    const [policy, evidence] = [join(folder, "policy.json"), join(folder, "traffic.jsonl")];
    writeFileSync(policy, JSON.stringify(WALK));
    writeFileSync(evidence, EVIDENCE);
    const preview = await run(["env", "preview", "prod", "--policy", policy, "--evidence", evidence]);
    expect(preview).toMatchObject({ code: 1, stderr: "" });
    expect(preview.stdout).toContain("with another address  1 (50.0 %)\n");
    expect(preview.stdout).toContain(
      "another address, resolved unverified -> resolved verified: 1\n  request 1  peer 10.0.0.1  6.6.6.6 -> 203.0.113.7\n",
    );
    expect(preview.stdout).toContain("advice that goes: error ADVISORY_INDEX_WITHOUT_PEER_GATE");
    const tag = /--preview '("p1-[0-9a-f]{24}")'/.exec(preview.stdout)?.[1] ?? "";
    const other = await run(["env", "apply", "prod", "--policy", JSON.stringify(XFF_LEFTMOST), "--preview", tag]);
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining("PREVIEW_STALE") });
    expect(await json(["env", "apply", "prod", "--policy", policy, "--preview", tag])).toMatchObject({ etag: '"r2"' });
    const again = await run(["env", "preview", "prod", "--policy", policy, "--evidence", "-"], { stdin: EVIDENCE });
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining("The policy is the one that stands") });
  });

  test("a preview that could judge nothing says so and why, and ends with 3", async () => {
    const { run, control } = await openControlForCli({ analytics: "events.duckdb" });
    const preview = ["env", "preview", "prod", "--policy", JSON.stringify(WALK)];
    const empty = await run([...preview, "--evidence", "-"], { stdin: "" });
    expect(empty).toMatchObject({
      code: 3,
      stdout: expect.stringContaining("\nNOTHING COULD BE JUDGED: there is no request in the evidence\n"),
    });
    const nobody = await run([...preview, "--recorded", "15m", "--json"]);
    expect(nobody).toMatchObject({ code: 3, stderr: "" });
    const told = { requests: 0, judged: false, withoutEvidence: 0, notJudgedReason: "NOTHING_RECORDED" };
    expect(JSON.parse(nobody.stdout)).toMatchObject({ environment: "prod", ...told });
    await run(["env", "set", "prod", "--event-settings", '{"addresses":"TRUNCATED"}']);
    const evidence = { peer: "10.0.0.1", fields: [["x-forwarded-for", "203.0.113.7"]] };
    await deliverEvents(control, [{ time: Date.now() - 1_000, evidence }]);
    const { code, stdout } = await run([...preview, "--recorded", "15m"]);
    expect(code).toBe(3);
    expect(stdout).toContain("\nNOTHING COULD BE JUDGED, none of 1 requests: this environment keeps addresses TRUNCATED, ");
  });

  test("evidence with faulty lines is refused with all of them, a policy with every fault", async () => {
    const { run } = await openControlForCli();
    const stdin = `${EVIDENCE}\n\n{"peer":1}\n{"peer":"10.0.0.1","headres":[]}\n`;
    const lines = await run(["env", "preview", "prod", "--policy", "{}", "--evidence", "-"], { stdin });
    expect(lines).toMatchObject({ code: 2, stdout: "" });
    expect(lines.stderr).toMatch(
      /^The evidence - has faulty lines: 3\n {2}line 3: .*\n {2}line 4: .*\n {2}line 5: .* \[EVIDENCE_INVALID\]\n$/,
    );
    const policy = '{"headerIndexAlgorithm":{"ipHeaderIndex":0.5,"x":1}}';
    const refused = await run(["env", "preview", "prod", "--policy", policy, "--evidence", "/nowhere"]);
    expect(refused.code).toBe(2);
    for (const field of ["ipHeaderIndex", "ipHeaderName", "x"])
      expect(refused.stderr).toContain(`clientIpResolutionConfig/headerIndexAlgorithm/${field}: `);
  });
});

test.each([
  { args: ["env", "get", "nope"], code: 2, says: 'received "nope" (ENVIRONMENT_NOT_FOUND) [API_REFUSED]' },
  { args: ["env", "get"], code: 2, says: "Give the name of an environment, WHEREFROM_ENVIRONMENT, or a profile" },
  {
    args: ["env", "set", "prod"],
    code: 2,
    says: "--policy, --display-name, --description, --rollout, --event-settings or --abuse-settings",
  },
  { args: ["env", "rollback", "prod", "last"], code: 2, says: "REVISION: expected a number" },
  { args: ["env", "list", "--organization", "acme"], code: 2, says: "(ORGANIZATION_NOT_FOUND)" },
  { args: ["env", "list", "--profile", "none"], code: 2, says: "[PROFILE_UNKNOWN]" },
  { args: ["env", "preview", "prod", "--policy", "{}", "--evidence", "/nowhere"], code: 2, says: "[EVIDENCE_UNREADABLE]" },
])("wherefrom $args ends with $code and says «$says»", async ({ args, code, says }) => {
  const { run } = await openControlForCli();
  expect(await run(args)).toMatchObject({ code, stdout: "", stderr: expect.stringContaining(says) });
});

test("an API that is not there is told with the way out", async () => {
  const { control, run } = await openControlForCli();
  await control.close();
  const { code, stdout, stderr } = await run(["env", "list"]);
  expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
  expect(stderr).toContain(`Cannot reach the API at ${control.url}: ECONNREFUSED; is it running (wherefrom up, wherefrom control)`);
});

test("a token goes in a header over loopback, and nowhere without TLS", async () => {
  const { run, folder } = await openControlForCli();
  const config = join(folder, "wherefrom", "config.json");
  const set = await run(["profile", "set", "far", "--api-url", "http://control.example", "--token-file", "-"], {
    stdin: "secret-token\n",
    env: { WHEREFROM_API_URL: "" },
  });
  expect(set).toMatchObject({ code: 0, stdout: expect.not.stringContaining("secret-token") });
  expect(JSON.parse(readFileSync(config, "utf8"))).toEqual({
    current: "far",
    profiles: { far: { apiUrl: "http://control.example", token: "secret-token" } },
  });
  const refused = await run(["env", "list"], { env: { WHEREFROM_API_URL: "http://control.example" } });
  expect(refused).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("[API_TOKEN_UNPROTECTED]") });
  expect(refused.stderr).not.toContain("secret-token");
  expect((await run(["env", "list"])).code).toBe(0);
});
