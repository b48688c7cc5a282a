import type { Providers } from "wherefrom";
import type { LogFormat } from "../format/log-format.ts";

/** What lines are resolved by. The first is the policy that was asked for; the others are what else could be set. */
export type Subject = { readonly id: string; readonly policy: Readonly<Record<string, unknown>> };

/** What is asked of a log. Plain data: it travels between threads. */
export type ScanPlan = {
  readonly subjects: readonly Subject[];
  /** What `provider:NAME` means in their policies. */
  readonly providers: Providers;
  /** The header whose hops are counted, in lower case. */
  readonly chainHeader: string;
  /** Times in milliseconds since 1970: lines before `since` and from `until` on are left out; `split` divides what is left. */
  readonly since?: number;
  readonly until?: number;
  readonly split?: number;
};

/** A file, or a part of one. `index` is its place among those that were given. */
export type LogUnit = {
  readonly index: number;
  readonly path: string;
  readonly format: LogFormat;
  readonly content: { readonly kind: "range"; readonly start: number; readonly end: number } | { readonly kind: "gzip" };
};

/** Headers that the subjects' policies read, in lower case. */
export function headersOf(subjects: readonly Pick<Subject, "policy">[]): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if (/^ip_?header_?name$/i.test(key) && typeof inner === "string") names.add(inner.toLowerCase());
      else visit(inner);
    }
  };
  for (const { policy } of subjects) visit(policy);
  return names;
}
