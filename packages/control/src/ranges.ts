import { providersWith, type RangesFolderSource, rangesNamedIn } from "@wherefrom/model";
import type { Providers, RangesSource } from "wherefrom";
import { ALL_PROVIDERS } from "wherefrom/providers";
import type { EnvironmentContent } from "./config-store/port.ts";

/** Where control has the ranges from that `provider:NAME` means. */
export type ControlRanges = RangesFolderSource;

/** The ranges of a control that is given none: what is built in. */
export const BUILT_IN_RANGES: ControlRanges = { current: () => ALL_PROVIDERS, reload: async () => [] };

/**
 * What `provider:NAME` means in a policy of an environment: what control knows now, unless the environment has a later list already. So a file that is
 * gone takes nothing away, and of two controls the one with the older files does not undo what the other did.
 */
export function providersFor(ranges: RangesSource, standing: EnvironmentContent | undefined): Providers {
  const known = ranges.current();
  const kept = Object.entries(standing?.ranges ?? {}).filter(
    ([name, { retrievedAt }]) => retrievedAt > (known.get(name)?.retrievedAt ?? ""),
  );
  return kept.length === 0 ? known : providersWith(Object.fromEntries(kept), known);
}

/** The content with the ranges that its policy names. */
export function withRanges(content: EnvironmentContent, providers: Providers): EnvironmentContent {
  return { ...content, ranges: rangesNamedIn(content.settings.clientIpResolutionConfig, providers) };
}
