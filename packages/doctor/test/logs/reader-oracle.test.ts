import fc from "fast-check";
import { expect, test } from "vitest";
import { parseLogFormat } from "../../src/access-log/format/choose-format.ts";
import { knownFormats } from "../../src/access-log/format/known-formats.ts";
import type { Layout, LayoutValue } from "../../src/access-log/format/layout.ts";
import { type EvidenceRole, isEvidence, isWanted } from "../../src/access-log/format/role.ts";
import { parseLogTime } from "../../src/access-log/log-time.ts";
import { createTextReader } from "../../src/access-log/read/text-reader.ts";

const POLICY_HEADERS = new Set(["x-client"]);

const layouts: readonly { readonly name: string; readonly layout: Layout }[] = [
  ...knownFormats({ policyHeaders: POLICY_HEADERS, mappings: [{ name: "xff", path: ["capture", "1"] }] }).flatMap(({ name, formats }) =>
    formats.flatMap((format) => (format.kind === "text" ? [{ name, layout: format.layout }] : [])),
  ),
  // what no known format has: a value to the end, a time there, a text of more than four bytes between, no escapes, a policy's own header
  ...[
    '$remote_addr:$remote_port <- $status "$http_x_client" at $time_iso8601',
    'escape=none $time_local || $remote_addr | "$http_x_forwarded_for" | $status | $request_length|$http_x_client',
    '%{X-Forwarded-For}i %h [%t] "%r" %>s %b (%{X-Client}i) and then %D',
  ].map((format) => ({ name: format, layout: parseLogFormat(format) })),
];

type Read = { readonly values: readonly string[]; readonly status: number; readonly time: number } | undefined;

/** A slow and obvious second reader. It cuts text, and looks at each value by itself. */
function readSlowly({ lead, values, escape: style }: Layout, text: string): Read {
  const latin = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
  if (!text.startsWith(latin(lead))) return undefined;
  let rest = text.slice(lead.length);
  const cut: { readonly value: LayoutValue; readonly text: string }[] = [];
  for (const value of values) {
    const until = latin(value.until);
    const ends = Array.from(`${rest} `, (_, at) => at).filter(
      (at) => rest.startsWith(until, at) && (style !== "backslash" || (/\\*$/.exec(rest.slice(0, at))?.[0].length ?? 0) % 2 === 0),
    );
    const end = until === "" ? rest.length : ends[0];
    if (end === undefined) return undefined;
    cut.push({ value, text: rest.slice(0, end) });
    rest = rest.slice(end + until.length);
  }
  const textOf = (kind: string): string | undefined => cut.find(({ value }) => value.role.kind === kind)?.text;
  const status = textOf("status") ?? "-";
  const time = textOf("time");
  const at = time === undefined ? Number.NaN : time.length > 40 ? undefined : parseLogTime(time);
  if (rest !== "" || at === undefined || !/^(?:-|[0-9]{1,3})$/.test(status)) return undefined;
  if (cut.some(({ value, text: word }) => ["peer", "status", "word"].includes(value.role.kind) && word.includes(" "))) return undefined;
  const roles = cut.flatMap(({ value, text: whole }) => [value.role, ...(value.parts ?? [])].map((role) => ({ role, whole })));
  const evidence = roles.filter(
    (one): one is { role: EvidenceRole; whole: string } => isEvidence(one.role) && isWanted(one.role, POLICY_HEADERS),
  );
  return {
    values: evidence.map(({ role, whole }) => (role.kind === "peer" && role.hasPort ? whole.replace(/(?<=.):[0-9]*$/, "") : whole)),
    status: status === "-" ? 0 : Number(status),
    time: at,
  };
}

const TIMES = [
  "25/Nov/2026:09:50:08 +0000",
  "25/Nov/2026:09:50:09 +0000",
  "25/Nov/2026:09:50:59 +0000",
  // a leap second, and what is no second
  "25/Nov/2026:09:50:60 +0000",
  "25/Nov/2026:09:50:0: +0000",
  "25/Nov/2026:09:51:08 +0000",
  "25/Nov/2026:09:50:08 -0100",
  "06/Feb/2026:12:14:14.655",
  "06/Feb/2026:12:14:15.655",
  "06/Feb/2026:12:14:15.656",
  "2026-11-25T09:50:08Z",
  "2026-11-25T09:50:41Z",
  "2026-11-25T09:50:61Z",
  "1790243408",
  "1790243409.125",
  "yesterday",
];

/** Texts for a value: some of its kind, and some that nobody would expect there. */
function textFor({ role }: LayoutValue): fc.Arbitrary<string> {
  const odd = fc.constantFrom("", "-", "a b", '"', '\\"', "\\\\", "\\", "] [", '" "', "é", " - ", "x".repeat(70), "1.2.3.4:", "[::1]:80");
  const usual = {
    time: fc.constantFrom(...TIMES),
    status: fc.constantFrom("200", "101", "-", "4040", "20x"),
    peer: fc.constantFrom("10.0.0.1", "2001:db8::1", "10.0.0.1:443", "unix:"),
  };
  return fc.oneof(
    {
      weight: 9,
      arbitrary: role.kind in usual ? usual[role.kind as keyof typeof usual] : fc.constantFrom("7", "203.0.113.7, 10.0.0.9", "GET"),
    },
    { weight: 1, arbitrary: odd },
  );
}

function lineFor({ lead, values }: Layout): fc.Arbitrary<string> {
  const line = fc
    .tuple(...values.map(textFor))
    .map((texts) =>
      [Buffer.from(lead), ...texts.flatMap((text, index) => [Buffer.from(text), Buffer.from(values[index]?.until ?? [])])]
        .map((bytes) => bytes.toString("latin1"))
        .join(""),
    );
  return fc.oneof(
    { weight: 6, arbitrary: line },
    { weight: 1, arbitrary: fc.tuple(line, fc.nat(120)).map(([text, at]) => text.slice(0, at)) },
    { weight: 1, arbitrary: line.map((text) => `${text}"`) },
  );
}

test.each(layouts)("lines of $name are read as the oracle reads them, wherever they stand", ({ layout }) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(lineFor(layout), fc.nat(5), fc.nat(9)), { maxLength: 8 }), (lines) => {
      const reader = createTextReader(layout, POLICY_HEADERS);
      for (const [text, before, behind] of lines) {
        // a memory that ends with the line or just behind it, in bytes that would end a value
        const memory = Buffer.from(new ArrayBuffer(before + text.length + behind)).fill('"');
        memory.write(text, before, "latin1");
        const { line } = reader;
        const read: Read = reader.read(memory, before, before + text.length)
          ? {
              values: reader.evidence.map((_, index) => line.source.toString("latin1", line.starts[index], line.ends[index])),
              status: line.status,
              time: line.time,
            }
          : undefined;
        expect({ text, read }).toEqual({ text, read: readSlowly(layout, text) });
      }
    }),
    { numRuns: 100 },
  );
});
