import type { ConfigKind } from "../src/kind.ts";

/** A text that grows with a number, made so that a careless reader would take time with its square. */
export type HostileRow = readonly [kind: ConfigKind, says: string, text: (n: number) => string];

/** What a function makes of each of the first numbers, in one. */
export function rep(n: number, make: (index: number) => string): string {
  return Array.from({ length: n }, (_, index) => make(index)).join("");
}

export const DEFAULTS = "defaults\n mode http\n";
