import { type EnvEntry, lastOf } from "./reading.ts";

/** What two readings of a file come to when nobody knows which of them is in force: where they differ, the value is unknown. Lines are the second's. */
export function agree(first: readonly EnvEntry[], second: readonly EnvEntry[]): readonly EnvEntry[] {
  const keys = new Set([...second, ...first].map(({ key }) => key));
  return [...keys].flatMap((key) => {
    const [before, after] = [lastOf(first, key), lastOf(second, key)];
    const entry = after ?? before;
    if (entry === undefined) return [];
    const isSame = JSON.stringify(before?.value) === JSON.stringify(after?.value);
    return [isSame ? entry : { ...entry, value: { kind: "unknown", why: "version" } as const }];
  });
}
