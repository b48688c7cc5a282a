import { type Prefix, parsePrefix } from "wherefrom";
import type { SecurityAction } from "../security-action.ts";
import type { ActionWarningReason } from "./action-warning-reason.ts";

/** What is said of a security action that is taken all the same. */
export type ActionWarning = { readonly code: ActionWarningReason; readonly message: string };

/** From which share of all addresses on ranges mean most clients. No country has so many. */
const MOST = 0.5;

/** Addresses that clients on the internet may have: all of IPv4, and of IPv6 what is given out. Source: RFC 4291 §2.4, IANA's 2000::/3. */
const SPACES = [
  { name: "IPv4", family: 4, bits: 32, first: 0, size: 2 ** 32 },
  { name: "IPv6", family: 6, bits: 64, first: 0x2000 * 2 ** 48, size: 2 ** 61 },
] as const;

/**
 * Warns of an action whose ranges by themselves, each or together, mean most clients: a slip of the length would shut everybody out, or let everybody in
 * whom another action denies. Not of one that other conditions narrow, that only observes or flags, and not of who it is that asks.
 */
export function actionWarnings({ conditionConfig, allow, deny, isObserved, apiProxies }: SecurityAction): readonly ActionWarning[] {
  const { ipAddressRanges = [], ...others } = conditionConfig;
  if ((allow ?? deny) === undefined || isObserved || Object.values(others).some((value) => value !== undefined)) return [];
  const where = apiProxies === undefined ? "" : ` at ${apiProxies.join(", ")}`;
  return SPACES.flatMap((space): ActionWarning[] => {
    const share = shareOf(ipAddressRanges, space);
    if (share < MOST) return [];
    const whom = share === 1 ? `every ${space.name} address` : `${Math.floor(share * 100)} % of all ${space.name} addresses`;
    return deny === undefined
      ? [{ code: "ACTION_ALLOWS_MOST", message: `Its ranges hold ${whom}: no deny counts for them${where}` }]
      : [{ code: "ACTION_DENIES_MOST", message: `Its ranges hold ${whom}: they are denied${where}, but for those that an allow matches` }];
  });
}

type Space = (typeof SPACES)[number];
/** Of a network, in the numbers of its space: exact, as the lengths that count leave no bit that a number has no room for. */
type Span = { readonly first: number; readonly end: number };

function shareOf(ranges: readonly string[], space: Space): number {
  const spans = ranges.flatMap((range) => spanOf(range, space));
  // what is small even when no range lies in another needs no sorting: nearly every action is
  if (spans.reduce((sum, { first, end }) => sum + end - first, 0) < MOST * space.size) return 0;
  let [held, reached] = [0, 0];
  for (const { first, end } of spans.toSorted((left, right) => left.first - right.first)) {
    held += Math.max(0, end - Math.max(first, reached));
    reached = Math.max(reached, end);
  }
  return held / space.size;
}

/** Longest IPv6 network that counts: ten thousand of those behind it are no share of all. */
const MAX_LENGTH_6 = 48;

/** Nothing of a network that is outside of the space, or too small to matter. */
function spanOf(range: string, { family, bits, first: begin, size }: Space): Span[] {
  const reading = parsePrefix(range);
  if (reading.kind !== "prefix" || reading.prefix.first.family !== family) return [];
  const { first: words, length } = reading.prefix;
  if (family === 6 && length > MAX_LENGTH_6) return [];
  const first = family === 4 ? words.w3 >>> 0 : upperHalfOf(words);
  const end = Math.min(first + 2 ** (bits - length), begin + size);
  return end <= begin ? [] : [{ first: Math.max(first, begin), end }];
}

/** Of an IPv6 address: of a network of at most 48 bits the lower half is nothing. */
function upperHalfOf({ w0, w1 }: Prefix["first"]): number {
  return (w0 >>> 0) * 2 ** 32 + (w1 >>> 0);
}
