import type { Word } from "../statement.ts";

/** Parts of rules outside of `nat` that may change what a service sees of the source, and are not followed: what was expected in their place. */
const UNREAD: readonly { readonly words: readonly RegExp[]; readonly expected: string }[] = [
  { words: [/^saddr$/, /^set$/], expected: "rules of type nat: a source that is written into each packet is not followed" },
  { words: [/^tproxy$/], expected: "no tproxy: which program takes the connections is not known" },
  { words: [/^-j$/, /^TPROXY$/], expected: "no TPROXY: which program takes the connections is not known" },
  { words: [/^notrack$/], expected: "connections that are tracked: nat does nothing to others" },
  { words: [/^--notrack$/], expected: "connections that are tracked: nat does nothing to others" },
  { words: [/^-j$/, /^NOTRACK$/], expected: "connections that are tracked: nat does nothing to others" },
  { words: [/^-j$/, /^RAW[SD]NAT$/], expected: "the table nat: what others do to addresses is not followed" },
];

/** Says what was expected in place of a rule outside of `nat` that may change the source and is not followed. */
export function expectedFor(words: readonly Word[]): string | undefined {
  const begins = (patterns: readonly RegExp[], at: number): boolean =>
    patterns.every((pattern, index) => words[at + index]?.isQuoted === false && pattern.test(words[at + index]?.text ?? ""));
  return UNREAD.find(({ words: patterns }) => words.some((_, at) => begins(patterns, at)))?.expected;
}
