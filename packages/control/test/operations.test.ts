import { expect, test } from "vitest";
import { type Json, openTestControl, verdictOf } from "./control-under-test.ts";

const OPERATIONS = "//v1/organizations/local/operations";

test("an operation can be read again, and the list has the newest first, in pages", async () => {
  const { ask } = await openTestControl();
  const names: string[] = [];
  for (const name of ["a", "b", "c"]) names.unshift((await ask("POST ", { body: { name } })).body.name);

  const one = await ask(`GET //v1/${names[0]}`);
  expect(one.body).toMatchObject({ name: names[0], done: true, response: { name: "c" } });

  const first = (await ask(`GET ${OPERATIONS}?pageSize=2`)).body;
  const second = (await ask(`GET ${OPERATIONS}?pageSize=2&pageToken=${first.nextPageToken}`)).body;
  expect([...first.operations, ...second.operations].map((operation: Json) => operation.name)).toEqual(names);
  expect(second).not.toHaveProperty("nextPageToken");
});

test("only the newest operations are kept", async () => {
  const { ask } = await openTestControl({ limits: { maxOperations: 2 } });
  for (const name of ["a", "b", "c"]) await ask("POST ", { body: { name } });
  const { operations } = (await ask(`GET ${OPERATIONS}`)).body;
  expect(operations.map((operation: Json) => operation.response.name)).toEqual(["c", "b"]);
});

test.each([
  { line: `GET ${OPERATIONS}/none`, verdict: "404 NOT_FOUND OPERATION_NOT_FOUND" },
  { line: `GET ${OPERATIONS}?filter=done`, verdict: "400 INVALID_ARGUMENT QUERY_INVALID" },
  { line: `GET ${OPERATIONS}?pageSize=-1`, verdict: "400 INVALID_ARGUMENT QUERY_INVALID" },
  { line: `GET ${OPERATIONS}?pageToken=x`, verdict: "400 INVALID_ARGUMENT QUERY_INVALID" },
])("$line is refused", async ({ line, verdict }) => {
  const { ask } = await openTestControl();
  expect(verdictOf(await ask(line))).toBe(verdict);
});
