import fc from "fast-check";
import { expect, test } from "vitest";
import { CELLS, EvidenceTable, type EvidenceTableOptions } from "../../src/access-log/read/evidence-table.ts";
import { createReadLine, LOOKAHEAD_BYTES } from "../../src/access-log/read/line-reader.ts";

/** A line's evidence as text of bytes, and the cell that it is counted in. */
type Line = { readonly values: readonly string[]; readonly cell: number };

type Counted = { readonly counts: ReadonlyMap<string, readonly number[]>; readonly handedOut: number };

/** What the table counts of lines, each in a memory that has something else behind its values. */
function countedBy(options: Omit<EvidenceTableOptions, "onEntry">, lines: readonly Line[]): Counted {
  const counts = new Map<string, readonly number[]>();
  let handedOut = 0;
  const table = new EvidenceTable({
    ...options,
    onEntry({ source, text, starts, ends }, cells, at) {
      handedOut++;
      const values = Array.from(starts, (start, value) => text.slice(start, ends[value]));
      expect(values).toEqual(Array.from(starts, (start, value) => source.toString("latin1", start, ends[value])));
      const key = JSON.stringify(values);
      const earlier = counts.get(key) ?? new Array<number>(CELLS).fill(0);
      counts.set(
        key,
        earlier.map((count, cell) => count + (cells[at + cell] as number)),
      );
    },
  });
  for (const [index, { values, cell }] of lines.entries()) {
    const line = createReadLine(values.length);
    line.source = Buffer.from(`${values.join(String(index))}${"\x01".repeat(LOOKAHEAD_BYTES)}`, "latin1");
    let at = 0;
    for (const [value, text] of values.entries()) {
      line.starts[value] = at;
      line.ends[value] = at + text.length;
      at += text.length + String(index).length;
    }
    table.add(line, cell);
  }
  table.drain();
  return { counts, handedOut };
}

/** The obvious count. */
function countedSlowly(lines: readonly Line[]): ReadonlyMap<string, readonly number[]> {
  const counts = new Map<string, number[]>();
  for (const { values, cell } of lines) {
    const key = JSON.stringify(values);
    const cells = counts.get(key) ?? new Array<number>(CELLS).fill(0);
    cells[cell] = (cells[cell] as number) + 1;
    counts.set(key, cells);
  }
  return counts;
}

const value = fc.oneof(
  fc.constantFrom("", "-", "10.0.0.1", "203.0.113.7, 10.0.0.2", "\0", "\0\0\0\0", "a\0", "x".repeat(70)),
  fc.string({ maxLength: 9, unit: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)) }),
);
const line = fc.record({ values: fc.tuple(value, value), cell: fc.nat(CELLS - 1) });

test("lines of any evidence are counted as a map counts them, however little room there is", () => {
  const room = fc.record({ maxEntries: fc.integer({ min: 1, max: 40 }), maxBytes: fc.integer({ min: 200, max: 2_000 }) });
  fc.assert(
    fc.property(fc.array(line, { maxLength: 300 }), room, (lines, { maxEntries, maxBytes }) => {
      expect(countedBy({ values: 2, maxEntries, maxBytes }, lines).counts).toEqual(countedSlowly(lines));
    }),
    { numRuns: 60 },
  );
});

test("a value longer than all that waits is counted like another", () => {
  const lines = ["y".repeat(60_000), "z".repeat(60_000), "y".repeat(60_000)].map((text) => ({ values: [text], cell: 1 }));
  expect(countedBy({ values: 1, maxEntries: 8, maxBytes: 70_000 }, lines).counts).toEqual(countedSlowly(lines));
});

test("evidence whose hashes were made to collide is handed out early in place of being looked for ever longer", () => {
  const lines = Array.from({ length: 1_000 }, (_, index) => ({ values: [collidingText(index)], cell: 0 }));
  const { counts, handedOut } = countedBy({ values: 1, maxEntries: 4_096, maxBytes: 1_000_000 }, [...lines, ...lines]);
  expect(counts).toEqual(countedSlowly([...lines, ...lines]));
  // had the table kept all, each would have come once
  expect(handedOut).toBeGreaterThan(1_000);
});

/** Eight bytes: any four, and four that undo what they did to the hash. */
function collidingText(seed: number): string {
  const multiplier = 0x9e3779b9;
  const first = Math.imul(rotated(Math.imul(8, multiplier)) ^ seed, multiplier);
  const bytes = Buffer.alloc(8);
  bytes.writeInt32LE(seed | 0, 0);
  bytes.writeInt32LE(rotated(first) ^ 0x1234_5678, 4);
  return bytes.toString("latin1");
}

function rotated(hash: number): number {
  return (hash << 5) | (hash >>> 27);
}
