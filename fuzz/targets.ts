import { checkAddress, checkPrefixes } from "./check-address.ts";
import { checkPolicy } from "./check-policy.ts";
import { type Check, checkHeader } from "./check-resolver.ts";
import type { Library } from "./library.ts";

/** One way into the library for bytes that somebody else chose. */
export type Target = {
  /** Builds the check once; it is then called for every input. */
  readonly checkOf: (library: Library) => Check;
  /** Pieces of text that its grammar gives a meaning to. */
  readonly tokens: readonly string[];
};

const SIGNS = [
  ",",
  "\t",
  " ",
  "\0",
  "\r",
  "\n",
  '"',
  "\\",
  ":",
  ".",
  "%",
  "[",
  "]",
  "/",
  "\x80",
  "\xa0",
  "\xff",
  "0",
  "00",
  "1",
  "255",
  "256",
  "9",
];
const ADDRESSES = [
  "10.0.0.2",
  "203.0.113.7",
  "2001:db8::7",
  "fd00::2",
  "[fd00::2]",
  "::ffff:",
  "::",
  "::1",
  "fe80::1%eth0",
  ":80",
  ":65535",
  ":65536",
];
const GROUPS = ["ffff", "FFFF", "0:0", "10", "a", "f", "1:2:3:4:5:6:7", "0.0.0.0"];
const PAIRS = ["for=", "For=", 'for="', "by=", "proto=https", ";", "=", '\\"', '="', "for=_hidden", "for=unknown", 'for="[', ']"', "x"];
const LENGTHS = [
  "/0",
  "/8",
  "/9",
  "/24",
  "/32",
  "/33",
  "/64",
  "/96",
  "/104",
  "/127",
  "/128",
  "10.128.0.0/9",
  "10.0.0.0/9",
  "::ffff:0:0/96",
];
const JSON_SIGNS = [
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  "null",
  "true",
  '""',
  "{}",
  "[]",
  "-1",
  "1e400",
  "2147483648",
  "0.5",
  "\\u0000",
  "\\u202e",
  "\\ud800",
  "~",
  "/",
];
const FIELDS = [
  ...[
    '"headerIndexAlgorithm":',
    '"header_index_algorithm":',
    '"trustedProxiesAlgorithm":',
    '"singleHeaderAlgorithm":',
    '"peerAddressAlgorithm":',
  ],
  ...[
    '"firstMatchAlgorithm":',
    '"algorithms":',
    '"ipHeaderName":',
    '"ip_header_name":',
    '"ipHeaderIndex":',
    '"trustedPeers":',
    '"trustedProxies":',
  ],
  ...[
    '"allowTrustEveryone":',
    '"fallback":',
    '"ipv6GroupPrefix":',
    '"DEFAULT"',
    '"PEER"',
    '"REJECT"',
    '"unix:"',
    '"provider:private"',
    '"provider:x"',
  ],
  ...['"10.0.0.0/8"', '"10.0.0.1/8"', '"0.0.0.0/0"', '"X-Forwarded-For"', '"Forwarded"', '"__proto__":', '"constructor":'],
];

/** Everything that is fuzzed, by name. */
export const TARGETS: Readonly<Record<string, Target>> = {
  hops: { checkOf: (library) => checkHeader(library, "X-Forwarded-For"), tokens: [...SIGNS, ...ADDRESSES] },
  forwarded: { checkOf: (library) => checkHeader(library, "Forwarded"), tokens: [...SIGNS, ...ADDRESSES, ...PAIRS, ...PAIRS] },
  address: { checkOf: checkAddress, tokens: [...SIGNS, ...ADDRESSES, ...GROUPS] },
  prefix: { checkOf: checkPrefixes, tokens: [...SIGNS, ...ADDRESSES, ...GROUPS, ...LENGTHS, ...LENGTHS] },
  policy: { checkOf: checkPolicy, tokens: [...JSON_SIGNS, ...FIELDS, ...FIELDS] },
};

/** What a target's check says of an input, with a throw as one fault more: nothing that can be sent may make the library throw. */
export function faultsOf(check: Check, text: string): readonly string[] {
  try {
    return check(text);
  } catch (error) {
    return [`It threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`];
  }
}
