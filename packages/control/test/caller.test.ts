import { expect, test } from "vitest";
import { identifyByClaim, reasonOf } from "../src/http/caller.ts";
import { faultsOf, openTestControl, verdictOf } from "./control-under-test.ts";

/** Text as it goes over the wire: its UTF-8 bytes, each a character. */
function wire(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

test.each([
  { author: "alice", name: "alice" },
  { author: wire("Zoë, 山田"), name: "Zoë, 山田" },
  { author: "  ", name: "unknown" },
  { author: undefined, name: "unknown" },
])("the author «$author» is $name, and only a claim", ({ author, name }) => {
  const request = new Request("http://localhost/", author === undefined ? {} : { headers: { "x-wherefrom-author": author } });
  expect(identifyByClaim(request)).toMatchObject({ name, isVerified: false });
  expect(reasonOf(request)).toBeUndefined();
});

test.each([
  { says: "too long", header: "x-wherefrom-author", value: "a".repeat(129) },
  { says: "not UTF-8", header: "x-wherefrom-author", value: "a\xff" },
  { says: "a terminal sequence", header: "x-goog-request-reason", value: wire("\u009b31m") },
  { says: "text that turns the reading direction", header: "x-goog-request-reason", value: wire("\u202ereason") },
])("a header that is $says is refused, and nothing is done", async ({ header, value }) => {
  const { ask } = await openTestControl({ access: "off" });
  const answer = await ask("POST ", { body: { name: "demo" }, headers: { [header]: value } });
  expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT HEADERS_INVALID");
  expect(faultsOf(answer)).toEqual([header]);
  expect((await ask("GET ")).body).toEqual([]);
});
