import type { Rejection } from "wherefrom";

/** The compiler finds a reason that is not here. */
const every: Readonly<Record<Rejection, true>> = {
  "header-absent": true,
  "index-out-of-range": true,
  "hop-not-an-address": true,
  "untrusted-peer": true,
  "peer-unknown": true,
  "header-repeated": true,
  "too-many-hops": true,
  "header-too-long": true,
  "header-malformed": true,
  "no-entrance-matched": true,
};

/** All reasons why an algorithm gives no address. */
export const rejections: readonly Rejection[] = Object.keys(every) as Rejection[];

export function isRejection(text: string): text is Rejection {
  return Object.hasOwn(every, text);
}
