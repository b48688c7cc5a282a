import { expect, test } from "vitest";
import type { NetworkPassage } from "../src/description.ts";
import { judge } from "../src/judge.ts";
import { notationOf } from "../src/notation.ts";

const place = { file: "rules", line: 1, column: 1 };
const kept = { source: { kind: "kept" }, isExpected: true, place } as const;
const rewritten = { source: { kind: "interface" }, isExpected: true, place } as const;

const rows: readonly { readonly from: NetworkPassage["from"]; readonly sources: NetworkPassage["sources"]; says: string; finds: string }[] =
  [
    { from: "outside", sources: [kept], says: "peer from outside -> source = peer -> 10.0.0.2:80", finds: "" },
    {
      from: "outside",
      sources: [rewritten],
      says: "peer from outside -> source = address of the interface -> 10.0.0.2:80",
      finds: "error: outside; in",
    },
    {
      from: "outside",
      sources: [{ ...rewritten, condition: "oif lan" }, kept],
      says: "peer from outside -> source = address of the interface if oif lan, else peer -> 10.0.0.2:80",
      finds: "warning: outside; in; oif lan",
    },
    {
      from: "outside",
      sources: [{ ...rewritten, source: { kind: "addresses", text: "10.0.0.1" }, condition: "oif lan", isExpected: false }, kept],
      says: "peer from outside -> source = 10.0.0.1 if oif lan, else peer -> 10.0.0.2:80",
      finds: "note: outside; in; oif lan",
    },
    {
      from: "inside",
      sources: [rewritten],
      says: "peer from inside -> source = address of the interface -> 10.0.0.2:80",
      finds: "note: inside; in",
    },
  ];

test.each(rows)("$says", ({ from, sources, says, finds }) => {
  const passage: NetworkPassage = { kind: "network", product: "nftables", place, name: "in", from, sources, target: "10.0.0.2:80" };
  expect(notationOf(passage)).toBe(says);
  expect(judge([passage]).map(({ severity, what }) => `${severity}: ${what}`)).toEqual(finds === "" ? [] : [finds]);
});
