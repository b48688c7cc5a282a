import { advise, diagnose, LANGUAGES, parseFacts, readCatalogue } from "@wherefrom/diagnosis";
import { describe, expect, test } from "vitest";
import { diagnosisDocument } from "../src/report/diagnosis-report.ts";
import type { Document, Line } from "../src/report/document.ts";
import { widthOf } from "../src/report/to-text.ts";
import { en } from "../src/report/words/en.ts";
import { fitEn } from "../src/report/words/fit-en.ts";
import { fitJa } from "../src/report/words/fit-ja.ts";
import { fitZh } from "../src/report/words/fit-zh.ts";
import { ja } from "../src/report/words/ja.ts";
import { labEn } from "../src/report/words/lab-en.ts";
import { labJa } from "../src/report/words/lab-ja.ts";
import { labZh } from "../src/report/words/lab-zh.ts";
import { unseenEn } from "../src/report/words/unseen-en.ts";
import { unseenJa } from "../src/report/words/unseen-ja.ts";
import { unseenZh } from "../src/report/words/unseen-zh.ts";
import { zh } from "../src/report/words/zh.ts";
import { REPORT_FORMATS, writeDocument } from "../src/report/write-document.ts";

const HOSTILE = "<script>alert(1)</script> `|](javascript:x) \u001b[2J\u009b31m\u202e'\"&";

/** One document with every kind of block and piece. */
function documentOf(line: Line): Document {
  return {
    title: "A & <title>",
    language: "en",
    blocks: [
      { kind: "heading", text: line },
      { kind: "paragraph", text: line },
      { kind: "list", items: [line, line] },
      { kind: "table", head: ["a", "b"], rows: [[line, line]] },
      { kind: "listing", lines: [line] },
    ],
  };
}

describe.each(REPORT_FORMATS)("as %s", (format) => {
  test.each([true, false])("what was given steers nothing and is no markup, showing all %s", (showsAll) => {
    const text = writeDocument(documentOf([{ kind: "given", text: HOSTILE }]), { format, showsAll });
    expect(text).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
    if (format === "html") expect(text).not.toMatch(/<script|javascript:x\)? *"/);
    // in Markdown the pipe would end a cell and the bracket could make a link: all of it stands in code
    if (format === "markdown")
      for (const line of text.split("\n").filter((line) => line.startsWith("|"))) expect(line.match(/(?<!\\)\|/g)).toHaveLength(3);
  });
});

describe("redaction", () => {
  const line: Line = [
    { kind: "address", text: "8.8.8.8" },
    " ",
    { kind: "address", text: "::ffff:8.8.8.8" },
    " ",
    { kind: "address", text: "10.1.2.3" },
    " ",
    { kind: "address", text: "192.0.2.123" },
    " ",
    { kind: "address", text: "not an address" },
    " ",
    { kind: "name", text: "device.example.com" },
  ];
  const shared = "public-1 public-1 private-1 192.0.2.123 unknown-1 name-1";

  test("a report to be passed on has one stand-in for one address, and leaves documentation addresses", () => {
    const text = writeDocument(
      { title: "t", language: "en", blocks: [{ kind: "listing", lines: [line] }] },
      { format: "markdown", showsAll: false },
    );
    expect(text).toBe(`# t\n\n\`\`\`\n${shared}\n\`\`\`\n`);
  });

  test("the terminal shows everything, and so does a report when asked", () => {
    for (const format of REPORT_FORMATS) expect(writeDocument(documentOf(line), { format, showsAll: true })).toContain("8.8.8.8");
    expect(writeDocument(documentOf(line), { format: "text", showsAll: false })).toContain("device.example.com");
    for (const format of ["markdown", "html"] as const)
      expect(writeDocument(documentOf(line), { format, showsAll: false })).not.toMatch(/8\.8|10\.1|example/);
  });
});

test("a code span in Markdown holds backticks of any number", () => {
  const text = writeDocument(
    { title: "t", language: "en", blocks: [{ kind: "paragraph", text: [{ kind: "given", text: "`` ` x `" }] }] },
    { format: "markdown", showsAll: true },
  );
  expect(text).toContain("``` `` ` x ` ```");
});

test("HTML is one file that loads nothing, and its style is the one that its policy allows", async () => {
  const { createHash } = await import("node:crypto");
  const html = writeDocument(documentOf(["x"]), { format: "html", showsAll: false });
  const style = /<style>([\s\S]*?)<\/style>/.exec(html)?.[1] ?? "";
  expect(html).toContain(`style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`);
  expect(html).toContain("<title>A &amp; &lt;title&gt;</title>");
  expect(html).not.toMatch(/\b(?:src|href)=|url\(/);
});

test("wide characters take two columns", () => {
  expect(["abc", "原因", "ｱ", "かな", "à"].map(widthOf)).toEqual([3, 4, 1, 4, 1]);
});

describe("languages", () => {
  const slotsOf = (message: string): readonly string[] => (message.match(/\{[a-z]+\}/gi) ?? []).sort();

  test.each([
    ["zh", zh, en],
    ["ja", ja, en],
    ["zh of the lab", labZh, labEn],
    ["zh of a fit", fitZh, fitEn],
    ["ja of a fit", fitJa, fitEn],
    ["ja of the lab", labJa, labEn],
    ["zh of unseen requests", unseenZh, unseenEn],
    ["ja of unseen requests", unseenJa, unseenEn],
  ] as const)("%s has all messages, each with the slots of the English one, none left in English", (_, messages, english) => {
    expect(Object.keys(messages)).toEqual(Object.keys(english));
    for (const [key, message] of Object.entries(english)) {
      const other = (messages as Readonly<Record<string, string>>)[key] ?? "";
      expect(slotsOf(other), key).toEqual(slotsOf(message));
      expect(other, key).not.toBe(message);
    }
  });

  const catalogue = readCatalogue();
  const reading = parseFacts(
    { "peer.isDefaultGateway": true, "cmp.otherServiceReal": true, "tcp.rttRatio": 1, "route.defaultViaEdge": false },
    catalogue,
  );
  if (reading.kind === "refused") throw new Error("The facts are valid");
  const diagnosis = diagnose(catalogue, reading.facts);
  const found = { diagnosis, advice: advise(catalogue, { facts: reading.facts, diagnosis }) };

  test.each(LANGUAGES)("a diagnosis in %s fills every slot", (language) => {
    for (const format of REPORT_FORMATS) {
      const text = writeDocument(diagnosisDocument(found, language), { format, showsAll: false });
      expect(text).not.toMatch(/(?<![$\\{])\{[a-z]+\}|undefined/i);
      expect(text).toContain("snat-on-dnat-policy");
    }
  });
});
