import { mentions } from "./address-headers.ts";
import type { ClientRule, Product, ProxyPassage, ServicePassage } from "./description.ts";
import { type Finding, findingAt } from "./finding.ts";
import { fixFor } from "./fixes.ts";
import { spelled } from "./policy-of.ts";
import { toldTexts } from "./told-text.ts";

/** Judges whom a proxy or a service takes for its client. */
export function judgeClient(passage: ProxyPassage | ServicePassage): readonly Finding[] {
  const { client, product, preambleIn } = passage;
  return [
    ...judgeRule(client, product),
    ...(passage.kind === "proxy" &&
    preambleIn?.from.kind === "everybody" &&
    client.kind !== "preamble" &&
    passage.headers.some(({ writes }) => mentions(writes, ["preamble"]))
      ? [
          findingAt(preambleIn.place, {
            code: "FINDING_PREAMBLE_FROM_ANYONE",
            severity: "warning",
            what: passage.name,
            ...fixFor("gate-preamble", product),
          }),
        ]
      : []),
  ];
}

function judgeRule(rule: ClientRule, product: Product): readonly Finding[] {
  switch (rule.kind) {
    case "peer":
      return [];
    case "unknown":
      return [findingAt(rule.place, { code: "FINDING_TRUST_UNKNOWN", severity: "note", what: rule.why })];
    case "preamble":
      return judgePreamble(rule, product);
    case "header":
      return judgeHeaderRule(rule, product);
  }
}

function judgePreamble({ trust, place }: Extract<ClientRule, { kind: "preamble" }>, product: Product): readonly Finding[] {
  const what = "PROXY protocol";
  const fix = fixFor("gate-preamble", product);
  switch (trust.kind) {
    case "everybody":
      return [findingAt(place, { code: "FINDING_PREAMBLE_FROM_ANYONE", severity: "warning", what, ...fix })];
    case "nobody":
      return [findingAt(place, { code: "FINDING_TRUSTS_NOBODY", severity: "warning", what, ...fix })];
    case "unknown":
      return [findingAt(place, { code: "FINDING_TRUST_UNKNOWN", severity: "note", what: trust.why })];
    case "list":
      return [];
  }
}

function judgeHeaderRule(
  { trust, selection, headers, place }: Extract<ClientRule, { kind: "header" }>,
  product: Product,
): readonly Finding[] {
  const what = toldTexts(headers.map(spelled), ", ");
  switch (trust.kind) {
    case "everybody":
      return [
        selection.kind === "index"
          ? findingAt(place, { code: "FINDING_HOPS_WITHOUT_GATE", severity: "warning", what, ...fixFor("trust", product) })
          : findingAt(place, { code: "FINDING_TRUSTS_EVERYONE", severity: "error", what, ...fixFor("trust", product) }),
      ];
    case "nobody":
      return [findingAt(place, { code: "FINDING_TRUSTS_NOBODY", severity: "warning", what, ...fixFor("trust", product) })];
    case "unknown":
      return [findingAt(place, { code: "FINDING_TRUST_UNKNOWN", severity: "note", what: trust.why })];
    case "list":
      if (selection.kind === "leftmost" || (selection.kind === "index" && selection.index >= 0))
        return [findingAt(place, { code: "FINDING_CLAIM_BELIEVED", severity: "error", what, ...fixFor("walk", product) })];
      return selection.kind === "rightmost" && headers.includes("x-forwarded-for") && trust.entries.length > 1
        ? [findingAt(place, { code: "FINDING_LAST_HOP_ONLY", severity: "note", what, ...fixFor("walk", product) })]
        : [];
  }
}
