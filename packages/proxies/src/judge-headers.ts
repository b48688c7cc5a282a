import { ADDRESS_HEADERS, mentions, saysAddress, XFF } from "./address-headers.ts";
import { carry } from "./carry.ts";
import type { HeaderEffect, ProxyPassage } from "./description.ts";
import { type Finding, findingAt } from "./finding.ts";
import { fixFor } from "./fixes.ts";
import { spelled } from "./policy-of.ts";
import { toldTexts } from "./told-text.ts";

/** A claim that no path writes by itself, and a peer that no list trusts. Both from RFC 5737. */
const CLAIM = "192.0.2.123";
const PEER = "198.51.100.77";

/** Judges what a proxy tells those behind it about its client. */
export function judgeHeaders(passage: ProxyPassage): readonly Finding[] {
  const { place, name, product, headers, carries, preambleOut, keepsSource } = passage;
  // what is written at run time may well be the address
  const isTold = ({ writes }: HeaderEffect): boolean => saysAddress(writes) || mentions(writes, ["unknown"]);
  const tells = standing(headers).some(isTold) || preambleOut !== "none" || keepsSource;
  if (!tells) {
    const subject = carries === "tcp" ? "send-preamble" : "write-header";
    return [findingAt(place, { code: "FINDING_CLIENT_LOST", severity: "error", what: name, ...fixFor(subject, product) })];
  }
  return carries === "tcp"
    ? []
    : [
        ...judgeClaims(passage),
        ...headers.flatMap((effect) => judgeEffect(effect, passage)),
        ...judgeTwice(passage),
        ...judgeListed(passage),
      ];
}

/** Effects that no later one puts aside. */
function standing(headers: readonly HeaderEffect[]): readonly HeaderEffect[] {
  const last = new Map<string, number>();
  for (const [index, { header, keeps, condition, except, onlyIfAbsent }] of headers.entries()) {
    if (keeps.kind === "nobody" && condition === undefined && except.length === 0 && !onlyIfAbsent) last.set(header, index);
  }
  return headers.filter(({ header }, index) => index >= (last.get(header) ?? 0));
}

/** Sends a claim through, and looks whether it arrives as if the proxy had written it. */
function judgeClaims(passage: ProxyPassage): readonly Finding[] {
  const { headers, place, product } = passage;
  const claimed = [XFF, "x-real-ip"].filter((header) => header === XFF || headers.some((effect) => effect.header === header));
  const { fields } = carry(passage, { peer: PEER, fields: claimed.map((header) => [header, CLAIM]) });
  return claimed.flatMap((header) => {
    const values = fields.filter(([field]) => field.toLowerCase() === header).map(([, value]) => value);
    if (values.length === 0 || values.some((value) => value !== CLAIM)) return [];
    const effect = headers.findLast((candidate) => candidate.header === header);
    // nothing is said of the header: the client is told in another one, and a claim arrives beside it
    const severity = effect === undefined ? "warning" : "error";
    if (effect?.onlyIfAbsent === true) return [];
    return [
      findingAt(effect?.place ?? place, {
        code: "FINDING_CLAIM_PASSED",
        severity,
        what: spelled(header),
        ...fixFor("overwrite-header", product),
      }),
    ];
  });
}

function judgeEffect({ header, onlyIfAbsent, except, place }: HeaderEffect, { product }: ProxyPassage): readonly Finding[] {
  const what = spelled(header);
  return [
    ...(onlyIfAbsent
      ? [findingAt(place, { code: "FINDING_CLAIM_KEEPS_HEADER", severity: "error", what, ...fixFor("overwrite-header", product) } as const)]
      : []),
    ...(except.length > 0
      ? [findingAt(place, { code: "FINDING_CLAIM_PASSED", severity: "note", what: `${what}, except ${toldTexts(except, ", ")}` } as const)]
      : []),
  ];
}

/** The same address in one header twice moves every index by one. */
function judgeTwice({ headers }: ProxyPassage): readonly Finding[] {
  const writers = headers.filter(({ header, writes, condition }) => header === XFF && saysAddress(writes) && condition === undefined);
  const last = writers.at(-1);
  if (last === undefined || writers.length < 2 || last.keeps.kind === "nobody") return [];
  return [
    findingAt(last.place, {
      code: "FINDING_WRITTEN_TWICE",
      severity: "warning",
      what: spelled(last.header),
      others: writers.slice(0, -1).map(({ place }) => place),
    }),
  ];
}

/** What a request can have dropped: a header that is written before, and the chain that a proxy in front has sent. */
function judgeListed({ headers, dropsListedAt, product }: ProxyPassage): readonly Finding[] {
  if (dropsListedAt === undefined) return [];
  const late = headers.slice(dropsListedAt);
  const early = headers.slice(0, dropsListedAt);
  const lost = early.filter(({ header, writes }) => saysAddress(writes) && !late.some((effect) => effect.header === header));
  const chains = late.filter(({ header, keeps }) => header === XFF && keeps.kind !== "nobody");
  const code = "FINDING_LISTED_DROPPED";
  return [
    ...lost.map(({ header, place }) =>
      findingAt(place, { code, severity: "warning", what: spelled(header), ...fixFor("write-late", product) }),
    ),
    ...chains.map(({ header, place }) => findingAt(place, { code, severity: "note", what: spelled(header) })),
  ];
}

/** Headers that some services believe and that arrive as the client wrote them. Told once for all ways that pass on the same ones. */
export function judgeForeignHeaders(passages: readonly ProxyPassage[]): readonly Finding[] {
  const groups = new Map<string, ProxyPassage[]>();
  for (const passage of passages) {
    if (passage.carries === "tcp") continue;
    const { fields } = carry(passage, { peer: PEER, fields: ADDRESS_HEADERS.map((header) => [header, CLAIM]) });
    const passed = ADDRESS_HEADERS.filter(
      (header) => header !== XFF && fields.some(([field, value]) => field.toLowerCase() === header && value === CLAIM),
    );
    const what = passed.map(spelled).join(", ");
    const group = groups.get(what);
    if (group !== undefined) group.push(passage);
    else if (what !== "") groups.set(what, [passage]);
  }
  return [...groups].flatMap(([what, [first, ...others]]) =>
    first === undefined
      ? []
      : [
          findingAt(first.place, {
            code: "FINDING_FOREIGN_HEADERS_PASSED",
            severity: "note",
            what,
            others: others.map(({ place }) => place),
          }),
        ],
  );
}
