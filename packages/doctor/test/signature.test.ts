import { expect, test } from "vitest";
import { readSignatures } from "../src/signature/read-signatures.ts";
import { matchSignature, type Signature } from "../src/signature/signature.ts";

const known = readSignatures();
const signatureOf = (name: string): Signature => {
  const found = known.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`No signature ${name}`);
  return found.signature;
};

test("no two set-ups have the same signature", () => {
  expect(new Set(known.map(({ signature }) => JSON.stringify(signature))).size).toBe(known.length);
});

const silent = Object.fromEntries(Object.keys(signatureOf("haproxy")).map((column) => [column, "unknown"])) as unknown as Signature;

const rows: { says: string; signature: Signature; first: string | undefined }[] = [
  { says: "its own", signature: signatureOf("haproxy"), first: "haproxy" },
  { says: "one with a column less", signature: { ...signatureOf("squid"), trailer: "unknown" }, first: "squid" },
  {
    says: "one with a column changed by another configuration",
    signature: { ...signatureOf("varnish"), manyFields: "all" },
    first: "varnish",
  },
  {
    says: "nginx that adds a line, and is none",
    signature: { ...signatureOf("nginx, append"), canary: "new-line", alias: "forwarded", folded: "unfolded" },
    first: undefined,
  },
  { says: "a path that refuses everything odd", signature: { ...silent, folded: "refused", h2c: "refused" }, first: undefined },
  { says: "nothing", signature: silent, first: undefined },
];

test.each(rows)("$says is told as $first", ({ signature, first }) => {
  expect(matchSignature(signature, known)[0]?.name).toBe(first);
});
