import type { HeaderEffect, ValuePart } from "./description.ts";
import { EVERYBODY, NOBODY } from "./trust.ts";

export const XFF = "x-forwarded-for";

/** Headers in which systems look for a client's address, in lower case. */
export const ADDRESS_HEADERS: readonly string[] = [
  XFF,
  "forwarded",
  "x-real-ip",
  "x-client-ip",
  "x-cluster-client-ip",
  "x-original-forwarded-for",
  "true-client-ip",
  "cf-connecting-ip",
  "fastly-client-ip",
  "x-envoy-external-address",
];

/** Whether an effect has to do with the client's address, by the header or by what is written into it. */
export function isAboutAddress({ header, writes }: Pick<HeaderEffect, "header" | "writes">): boolean {
  return ADDRESS_HEADERS.includes(header) || saysAddress(writes);
}

/** Whether parts say whom the proxy sees: its client or its peer. */
export function saysAddress(parts: readonly ValuePart[]): boolean {
  return mentions(parts, ["client", "peer", "preamble"]);
}

/** Whether a part of one of these kinds is among parts, or is what they come to for some value. */
export function mentions(parts: readonly ValuePart[], kinds: readonly ValuePart["kind"][]): boolean {
  return parts.some(
    (part) => kinds.includes(part.kind) || (part.kind === "by-value" && part.cases.some(({ value }) => mentions(value, kinds))),
  );
}

/** An effect that writes a value in place of what came in. A value that begins with what came in is told as what it is: that stays, and something is added. */
export function effectOf(
  header: string,
  { value, ...rest }: { readonly value: readonly ValuePart[] } & Pick<HeaderEffect, "place"> & Partial<Pick<HeaderEffect, "condition">>,
): HeaderEffect {
  const base = { header, joins: "list", onlyIfAbsent: false, except: [], ...rest } as const;
  const added = addedTo(header, value);
  return added === undefined ? { ...base, keeps: NOBODY, writes: value } : { ...base, keeps: EVERYBODY, writes: added };
}

/** What a value adds behind a header that came in; `undefined` when it does not keep that. */
function addedTo(header: string, value: readonly ValuePart[]): readonly ValuePart[] | undefined {
  const [first, second, ...rest] = value;
  if (first?.kind === "received" && first.header === header) {
    if (second === undefined) return [];
    return second.kind === "text" && /^ *, *$/.test(second.text) && rest.length > 0 ? rest : undefined;
  }
  if (first?.kind !== "by-value" || second !== undefined) return undefined;
  const [of, ...more] = first.of;
  if (of?.kind !== "received" || of.header !== header || more.length > 0 || first.cases.some(({ isPattern }) => isPattern))
    return undefined;
  const empty = first.cases.find(({ equals }) => equals === "");
  const others = first.cases.find(({ equals }) => equals === undefined);
  const added = others === undefined || first.cases.length !== 2 ? undefined : addedTo(header, others.value);
  return added !== undefined && JSON.stringify(added) === JSON.stringify(empty?.value) ? added : undefined;
}
