import { expect, test } from "vitest";
import { AUDIT_ORIGIN, type AuditEntry, type AuditHead, auditFaults, hashOf, sealAuditEntry } from "../src/audit.ts";

function logOf(length: number): AuditEntry[] {
  const log: AuditEntry[] = [];
  for (let sequence = 1; sequence <= length; sequence += 1) {
    log.push(
      sealAuditEntry({
        sequence,
        time: "2026-01-01T00:00:00.000Z",
        author: "alice",
        authorVerified: false,
        method: "m",
        resource: "organizations/local",
        change: "UPDATED",
        revision: sequence,
        contentHash: hashOf({ sequence }),
        previousHash: log.at(-1)?.hash ?? AUDIT_ORIGIN,
      }),
    );
  }
  return log;
}

const log = logOf(4);
const [first, second, third, fourth] = log as [AuditEntry, AuditEntry, AuditEntry, AuditEntry];
const { hash: _hash, ...unsealed } = second;
const resealed = sealAuditEntry({ ...unsealed, author: "mallory" });

const cases: readonly { says: string; entries: readonly AuditEntry[]; head?: AuditHead; at: readonly number[] }[] = [
  { says: "is as it was written", entries: log, at: [] },
  { says: "is empty", entries: [], at: [] },
  { says: "was edited", entries: [first, { ...second, author: "mallory" }, third, fourth], at: [2] },
  { says: "was edited and sealed again", entries: [first, resealed, third, fourth], at: [3] },
  { says: "lost an entry", entries: [first, third, fourth], at: [2, 2] },
  { says: "lost its first entry", entries: [second, third, fourth], at: [1, 1] },
  { says: "has an entry twice", entries: [first, second, second, third, fourth], at: [3, 3] },
  { says: "was put in another order", entries: [first, third, second, fourth], at: [2, 2, 4, 4, 3, 3] },
  { says: "lost a field of an entry", entries: [first, { ...second, reason: "added" }, third, fourth], at: [2] },
  // an end that is cut off shows only beside what was written down
  { says: "lost its end, which nobody wrote down", entries: [first, second], at: [] },
  { says: "lost its end, which somebody wrote down", entries: [first, second], head: fourth, at: [4] },
  { says: "went on after what somebody wrote down", entries: log, head: second, at: [] },
  { says: "was made anew as a whole", entries: logOf(4).map((entry) => ({ ...entry })), head: { sequence: 4, hash: "0" }, at: [4] },
];

test.each(cases)("a log that $says", ({ entries, head, at }) => {
  expect(
    auditFaults(entries, head)
      .map(({ sequence }) => sequence)
      .sort(),
  ).toEqual([...at].sort());
});

test("a hash is the same whatever the order of the names", () => {
  expect(hashOf({ b: [1, { d: 1, c: undefined }], a: "ä" })).toBe(hashOf({ a: "ä", b: [1, { d: 1 }] }));
  // RFC 8785: {"a":"ä","b":[1,{"d":1}]}
  expect(hashOf({ b: 1, a: 2 })).toBe("d3626ac30a87e6f7a6428233b3c68299976865fa5508e4267c5415c76af7a772");
});
