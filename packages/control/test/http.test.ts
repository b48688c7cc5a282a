import { request } from "node:http";
import { describe, expect, test } from "vitest";
import { type Ask, openTestControl, verdictOf } from "./control-under-test.ts";

const JSON_TYPE = { "content-type": "application/json" };

const refusals: readonly (Ask & { line: string; says: string; verdict: string })[] = [
  { says: "an unknown path", line: "GET //nowhere", verdict: "404 NOT_FOUND PATH_NOT_FOUND" },
  {
    says: "an unknown custom verb, by a method that no verb has",
    line: "PROPFIND /demo:getIamPolicy",
    verdict: "404 NOT_FOUND PATH_NOT_FOUND",
  },
  { says: "an unknown custom verb", line: "POST /demo:explode", body: {}, verdict: "404 NOT_FOUND PATH_NOT_FOUND" },
  { says: "a method that the path has not", line: "DELETE ", verdict: "405 UNIMPLEMENTED METHOD_NOT_ALLOWED" },
  { says: "a method that the verb has not", line: "GET /demo:explain", verdict: "405 UNIMPLEMENTED METHOD_NOT_ALLOWED" },
  { says: "a preflight of a page on another site", line: "OPTIONS /demo", verdict: "405 UNIMPLEMENTED METHOD_NOT_ALLOWED" },
  {
    says: "what a page on another site may send unasked",
    line: "POST ",
    rawBody: '{"name":"x"}',
    headers: { "content-type": "text/plain" },
    verdict: "415 INVALID_ARGUMENT CONTENT_TYPE_UNSUPPORTED",
  },
  { says: "no body", line: "POST ", verdict: "415 INVALID_ARGUMENT CONTENT_TYPE_UNSUPPORTED" },
  { says: "an empty body", line: "POST ", rawBody: "", headers: JSON_TYPE, verdict: "400 INVALID_ARGUMENT BODY_NOT_JSON" },
  { says: "a body cut short", line: "POST ", rawBody: '{"name":', headers: JSON_TYPE, verdict: "400 INVALID_ARGUMENT BODY_NOT_JSON" },
  { says: "a list", line: "POST ", body: [], verdict: "400 INVALID_ARGUMENT BODY_NOT_JSON" },
  { says: "null", line: "POST ", body: null, verdict: "400 INVALID_ARGUMENT BODY_NOT_JSON" },
  {
    says: "bytes that are not UTF-8",
    line: "POST ",
    rawBody: Buffer.from('{"name":"\xff"}', "latin1"),
    headers: JSON_TYPE,
    verdict: "400 INVALID_ARGUMENT BODY_NOT_JSON",
  },
  {
    says: "a body nested beyond reason",
    line: "POST ",
    rawBody: `{"properties":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
    headers: JSON_TYPE,
    verdict: "400 INVALID_ARGUMENT BODY_NOT_JSON",
  },
  {
    says: "a body above 1 MiB",
    line: "POST ",
    rawBody: JSON.stringify({ name: "x", description: "a".repeat(1_048_576) }),
    headers: JSON_TYPE,
    verdict: "413 INVALID_ARGUMENT BODY_TOO_LARGE",
  },
  { says: "a query parameter it does not know", line: "GET ?pageSiz=1", verdict: "400 INVALID_ARGUMENT QUERY_INVALID" },
];

test.each(refusals)("$line refuses $says", async ({ line, verdict, ...ask }) => {
  const control = await openTestControl();
  const answer = await control.ask(line, ask);
  expect(verdictOf(answer)).toBe(verdict);
  expect(answer.headers.get("content-type")).toBe("application/json");
  expect(answer.body.error.details[1]).toEqual({
    "@type": "type.googleapis.com/google.rpc.RequestInfo",
    requestId: answer.headers.get("x-request-id"),
  });
});

test("of faults without end a hundred are told, and how many more there are", async () => {
  const control = await openTestControl();
  const body = Object.fromEntries(Array.from({ length: 30_000 }, (_, index) => [`x${index}`, 0]));
  const answer = await control.ask("POST ", { body });
  expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT FIELDS_INVALID");
  expect(answer.body.error.details.at(-1).fieldViolations).toHaveLength(100);
  expect(answer.body.error.message.split("\n").at(-1)).toMatch(/^And 29\d{3} more$/);
});

test("a body above 1 MiB without a length is refused as it arrives", async () => {
  const { get } = await openTestControl();
  let chunksLeft = 32;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (chunksLeft === 0) return controller.close();
      chunksLeft -= 1;
      controller.enqueue(new Uint8Array(65_536).fill(0x20));
    },
  });
  const init: RequestInit & { duplex: "half" } = { method: "POST", headers: JSON_TYPE, body, duplex: "half" };
  expect((await get("", init)).status).toBe(413);
});

test("a 405 names the methods that the path has", async () => {
  const { ask } = await openTestControl();
  expect((await ask("DELETE ")).headers.get("allow")).toBe("GET, POST");
});

test("Google's standard query parameters are let through", async () => {
  const { ask } = await openTestControl();
  expect((await ask("GET ?alt=json&prettyPrint=false&$.xgafv=2&key=k")).status).toBe(200);
});

test.each([
  { given: "abc-1.2_3", says: "is kept" },
  { given: "a b", says: "that could do harm in a log is replaced" },
])("a request id «$given» $says", async ({ given, says }) => {
  const { ask } = await openTestControl();
  const id = (await ask("GET ", { headers: { "x-request-id": given } })).headers.get("x-request-id");
  if (says === "is kept") expect(id).toBe(given);
  else expect(id).toMatch(/^[0-9a-f-]{36}$/);
});

describe("Host", () => {
  test.each([
    { host: "localhost", status: 200 },
    { host: "LOCALHOST:8081", status: 200 },
    { host: "127.0.0.1:9", status: 200 },
    { host: "127.99.0.1", status: 200 },
    { host: "[::1]:8081", status: 200 },
    { host: "[::ffff:127.0.0.1]", status: 400 }, // nobody's browser writes it so; refused as no canonical Host
    { host: "evil.example", status: 403 },
    { host: "evil.example:8081", status: 403 },
    { host: "localhost.evil.example", status: 403 },
    { host: "127.0.0.1.evil.example", status: 403 },
    { host: "10.0.0.1", status: 403 },
    { host: "0.0.0.0:8081", status: 403 },
    { host: "localhost.", status: 403 },
  ])("«$host» is answered $status", async ({ host, status }) => {
    const { control } = await openTestControl();
    expect(await statusFor(control.port, host)).toBe(status);
  });
});

function statusFor(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path: "/", headers: { host }, agent: false }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode));
    });
    sent.on("error", reject).end();
  });
}

test("the index leads to the organizations and to the documents", async () => {
  const { ask, get } = await openTestControl();
  const { body } = await ask("GET //");
  expect(body.service).toBe("wherefrom-control");
  for (const link of Object.values<string>(body.links)) expect((await get(`/${link}`)).status).toBe(200);
  expect((await ask(`GET /${body.links.organizations}`)).body).toEqual({ organizations: [{ organization: "local", projectId: "local" }] });
});

test("an idle connection is kept for longer than load balancers keep theirs", async () => {
  const { get } = await openTestControl();
  expect((await get("")).headers.get("keep-alive")).toBe("timeout=65");
});
