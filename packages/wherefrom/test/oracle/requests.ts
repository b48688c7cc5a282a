import fc from "fast-check";

/** A generated request: what the oracle and the library are both asked. */
export type GeneratedRequest = { readonly peer: string | undefined; readonly headers: readonly (readonly [string, string])[] };
type Json = Readonly<Record<string, unknown>>;

const TRUSTED = ["10.0.0.2", "10.0.0.2:80", "::ffff:10.0.0.2", "::ffff:a00:2", "fd00::2", "[fd00::2]:80", "fd00::2%eth0", "FD00:0::2"];
const CLIENTS = [
  "203.0.113.7",
  "203.0.113.7:4711",
  "2001:db8::7",
  "[2001:db8::7]",
  "[2001:db8::7]:4711",
  "::ffff:203.0.113.7",
  "192.168.1.5",
];
const STRANGE = [
  ...["", " ", "\t", "unknown", "_hidden", "localhost", '"203.0.113.7"', '"', "010.0.0.2", "0x0a000002", "167772162", "10.2"],
  ...[
    "10.0.0.0/8",
    "10.0.0.2:",
    "10.0.0.2:65536",
    "10.0.0.2:http",
    "[10.0.0.2]",
    "0.0.0.0",
    "::",
    "::ffff:0:0",
    "fe80::1%",
    "fe80::1%e th",
  ],
  ...[
    "\u00a010.0.0.2",
    "10.0.0.2\u2028",
    "\uff11\uff10.0.0.2",
    "10.0.0.2\0",
    "10.0.0.2\r",
    "\n",
    "203.0.113.7 10.0.0.2",
    "1:2:3:4:5:6:7:8:80",
  ],
  ...[
    "::203.0.113.7",
    "64:ff9b::203.0.113.7",
    "1:2:3:4:5:6:7::",
    "1::2::3",
    "2001:db8::1:443",
    "100.64.0.1",
    "127.0.0.1",
    "::1",
    "169.254.1.1",
  ],
];

const nearAddress = fc.string({ unit: fc.constantFrom(...'0123456789abf:.[]% /g\t"\\=;'), maxLength: 24 });
const written = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.ipV6().map((text) => `[${text}]`),
  fc.tuple(fc.ipV4(), fc.nat(70000)).map(([text, port]) => `${text}:${port}`),
  fc.tuple(fc.ipV6(), fc.nat(70000)).map(([text, port]) => `[${text}]:${port}`),
);

/** A list element without a comma, more often one that matters to a walk. */
export const element: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...TRUSTED) },
  { weight: 4, arbitrary: fc.constantFrom(...CLIENTS) },
  { weight: 3, arbitrary: fc.constantFrom(...STRANGE) },
  { weight: 1, arbitrary: written },
  { weight: 1, arbitrary: nearAddress },
);

const separator = fc.constantFrom(",", ", ", " ,\t", ",,", ", ,", ",\u00a0");

/** One line of a list header. */
export const listLine: fc.Arbitrary<string> = fc
  .tuple(fc.array(fc.tuple(element, separator), { maxLength: 6 }), element)
  .map(([pairs, last]) => pairs.map(([text, between]) => text + between).join("") + last);

const node = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...TRUSTED, ...CLIENTS).map((text) => `"${text}"`) },
  { weight: 4, arbitrary: fc.constantFrom("10.0.0.2", "203.0.113.7", '"[fd00::2]"', '"10\\.0.0.2"', '"[2001:db8::7]:4711"') },
  { weight: 2, arbitrary: element },
  {
    weight: 1,
    arbitrary: fc.constantFrom('""', '"', '"10.0.0.2\\"', '"10.0.0.2"x', "'10.0.0.2'", '"unknown"', "_x", '"10.0.0.2:_p"', '" 10.0.0.2"'),
  },
);
const pair = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constantFrom("for=", "for=", "For=", "for =", "for= ", "for"), node).map(([name, text]) => name + text),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "proto=https",
      'by="a,b;c"',
      'by="\\""',
      "by=_x",
      'by="',
      "secure",
      "a:b=1",
      "x=",
      'by="\u00e9"',
      'by="a\0"',
      'x=a"b',
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom("", " ", "\t") },
  { weight: 1, arbitrary: nearAddress },
);
const forwardedLine = fc
  .array(fc.tuple(pair, fc.constantFrom(",", ", ", ";", " ; ", "\t;", ",,", ";;")), { maxLength: 7 })
  .map((parts) => parts.map(([text, between]) => text + between).join(""));

const trustedRun = fc
  .tuple(element, fc.integer({ min: 60, max: 70 }), fc.constantFrom("10.0.0.2", "for=10.0.0.2", "x", "203.0.113.7"))
  .map(([left, count, hop]) => `${left}, ${Array<string>(count).fill(hop).join(", ")}`);
const longLine = fc
  .tuple(element, fc.integer({ min: 16300, max: 16500 }), fc.constantFrom("A", "1"))
  .map(([text, length, filler]) => `${text},${filler.repeat(length)},${text}`);

const field = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constantFrom("X-Forwarded-For", "x-forwarded-for"), listLine) },
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom("Forwarded", "FORWARDED"), forwardedLine) },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom("CF-Connecting-IP", "cf-connecting-ip"), fc.oneof(element, listLine)) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom("X_Forwarded_For", "X-Real-IP"), listLine) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom("X-Forwarded-For", "Forwarded"), fc.oneof(trustedRun, longLine)) },
);

const peer: fc.Arbitrary<string | undefined> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<string | undefined>(...TRUSTED) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<string | undefined>("198.51.100.9", "2001:db8::9", "::ffff:198.51.100.9", "fe80::9%eth0", undefined),
  },
  { weight: 1, arbitrary: fc.constantFrom<string | undefined>("", "0.0.0.0", "::", "@", "010.0.0.2", "localhost", "10.0.0.2 ") },
);

/** A request with few or many lines of the headers that policies name. */
export const request: fc.Arbitrary<GeneratedRequest> = fc.record({ peer, headers: fc.array(field, { maxLength: 6 }) });

const trustList = fc.constantFrom<readonly string[]>(
  ["10.0.0.0/8", "fd00::/8"],
  ["10.0.0.0/8", "unix:"],
  ["unix:"],
  ["provider:private", "provider:loopback", "provider:link-local"],
  ["::ffff:10.0.0.0/104", "fd00::2"],
  ["203.0.113.0/24", "2001:db8::/32", "10.0.0.0/9"],
);
const headerName = fc.constantFrom("X-Forwarded-For", "Forwarded", "x-forwarded-for", "forwarded", "CF-Connecting-IP");
const index = fc.oneof(fc.integer({ min: -4, max: 4 }), fc.constantFrom(63, 64, 65, -63, -64, -65, -66, 2147483647, -2147483648));

const single = fc.record({ ipHeaderName: headerName, trustedPeers: trustList }).map((config): Json => ({ singleHeaderAlgorithm: config }));
const walk = fc
  .record({ ipHeaderName: headerName, trustedProxies: trustList })
  .map((config): Json => ({ trustedProxiesAlgorithm: config }));
const fixed = fc
  .record({ ipHeaderName: headerName, ipHeaderIndex: index, trustedPeers: trustList }, { requiredKeys: ["ipHeaderName"] })
  .map((config): Json => ({ headerIndexAlgorithm: config }));
const direct = fc.constant<Json>({ peerAddressAlgorithm: {} });
const entrances = fc
  .array(fc.oneof(single, walk, fixed, direct), { minLength: 1, maxLength: 3 })
  .map((algorithms): Json => ({ firstMatchAlgorithm: { algorithms } }));
const topLevel = fc.record(
  { fallback: fc.constantFrom("DEFAULT", "PEER", "REJECT"), ipv6GroupPrefix: fc.integer({ min: 1, max: 128 }) },
  { requiredKeys: [] },
);

/** A policy that is valid. */
export const policy: fc.Arbitrary<Json> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .tuple(fc.oneof({ weight: 3, arbitrary: walk }, { weight: 3, arbitrary: fixed }, single, direct, entrances), topLevel)
      .map(([algorithm, rest]): Json => ({ ...algorithm, ...rest })),
  },
  { weight: 1, arbitrary: fc.constantFrom<Json>({}, { ipv6GroupPrefix: 48 }) },
);
