import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readEvidence } from "../src/evidence-file.ts";
import { addPreview, type Preview } from "../src/preview-sum.ts";
import { folderOf } from "./folder.ts";

async function batchesOf(text: string): Promise<number[]> {
  const file = join(folderOf({}), "evidence.jsonl");
  writeFileSync(file, text);
  const sizes: number[] = [];
  for await (const batch of readEvidence(file)) sizes.push(batch.length);
  return sizes.filter((size) => size > 0);
}

test("a long file comes in batches that a request can hold, with every line once", async () => {
  const line = '{"peer":"10.0.0.1","headers":[["X-Forwarded-For","203.0.113.7"]]}\n';
  const many = await batchesOf(line.repeat(25_000));
  expect(many.reduce((sum, size) => sum + size, 0)).toBe(25_000);
  expect(many.length).toBe(3);
  const wide = await batchesOf(`{"headers":[["X-Forwarded-For","${"a".repeat(900_000)}"]]}\n`.repeat(20));
  expect(wide.reduce((sum, size) => sum + size, 0)).toBe(20);
  expect(wide.length).toBeGreaterThan(1);
});

test("faulty lines are told with their numbers up to twenty, and counted to the end", async () => {
  await expect(batchesOf(`{}\n${"x\n".repeat(30)}{}\n`)).rejects.toMatchObject({
    code: "EVIDENCE_INVALID",
    message: expect.stringMatching(/has faulty lines: 30\n {2}line 2: .*line 21: .*\n {2}and 10 more$/s),
  });
  await expect(batchesOf(`{"peer":"${"a".repeat(1_100_000)}"}`)).rejects.toThrow("line 1: Expected at most 1048576 bytes");
});

const VERDICT = { outcome: "resolved", trust: "verified" };

function previewOf(requests: number, etag = "e"): Preview {
  const samples = [{ position: 1, peer: "p", from: "a", to: "b" }];
  const transitions = [{ from: VERDICT, to: { ...VERDICT, trust: "unverified" }, otherAddress: true, requests, samples }];
  const both = { before: requests, after: 1 };
  return {
    etag,
    revisionId: "1",
    requests,
    judged: requests > 0,
    otherAddress: requests,
    otherKey: 1,
    trustGained: 2,
    trustLost: 3,
    verified: both,
    rejected: both,
    transitions,
    actionChanges: [{ from: null, to: "ban", requests }],
    actionsNotJudged: ["by-country"],
    withoutEvidence: 2,
  };
}

test("previews of batches add up, and their samples go on counting", () => {
  const sum = addPreview(addPreview(previewOf(10), previewOf(5), 2), previewOf(1), 2);
  expect(sum).toMatchObject({
    requests: 16,
    otherAddress: 16,
    otherKey: 3,
    trustGained: 6,
    trustLost: 9,
    verified: { before: 16, after: 3 },
    transitions: [{ requests: 16, samples: [{ position: 1 }, { position: 11 }] }],
    actionChanges: [{ from: null, to: "ban", requests: 16 }],
    actionsNotJudged: ["by-country"],
    withoutEvidence: 6,
  });
});

const NOTHING = "NOTHING_RECORDED";
const TRUNCATED = "ADDRESSES_TRUNCATED";
const parts = [
  { says: "nothing recorded anywhere", reasons: [NOTHING, NOTHING], requests: [0, 0], sum: { judged: false, notJudgedReason: NOTHING } },
  { says: "some in one part", reasons: [NOTHING, undefined, NOTHING], requests: [0, 3, 0], sum: { judged: true } },
  { says: "none kept in one part", reasons: [NOTHING, TRUNCATED], requests: [0, 0], sum: { judged: false, notJudgedReason: TRUNCATED } },
  { says: "some kept, some not", reasons: [TRUNCATED, undefined], requests: [0, 3], sum: { judged: true, notJudgedReason: TRUNCATED } },
] as const;

test.each(parts)("what could not be judged adds up: $says", ({ reasons, requests, sum }) => {
  const previews = reasons.map((notJudgedReason, at) => ({ ...previewOf(requests[at] ?? 0), ...(notJudgedReason && { notJudgedReason }) }));
  const { judged, notJudgedReason } = previews.reduce((whole, part) => addPreview(whole, part, 1), previewOf(0) as Preview);
  expect({ judged, ...(notJudgedReason && { notJudgedReason }) }).toEqual(sum);
});

test("previews of another revision do not add up", () => {
  expect(() => addPreview(previewOf(1), previewOf(1, "other"), 1)).toThrow("The environment was changed while it was previewed");
});
