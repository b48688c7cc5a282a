import { providersWith, type RangesFolderSource, rangesNamedIn } from "@wherefrom/model";
import type { Providers, RangesSource } from "wherefrom";
import { ALL_PROVIDERS } from "wherefrom/providers";
import type { EnvironmentContent } from "./config-store/port.ts";

/** Where control has the ranges from that `provider:NAME` means. */
export type ControlRanges = RangesFolderSource;

/** The ranges of a control that is given none: what is built in. */
export const BUILT_IN_RANGES: ControlRanges = { current: () => ALL_PROVIDERS, reload: async () => [] };

/**
 * What `provider:NAME` means in a policy of an environment: what control knows now, and of a name that it does not know any more what the
 * environment had last. Its gateways run by that, so it is judged by that.
 */
export function providersFor(ranges: RangesSource, standing: EnvironmentContent | undefined): Providers {
  const known = ranges.current();
  const kept = Object.entries(standing?.ranges ?? {}).filter(([name]) => !known.has(name));
  return kept.length === 0 ? known : providersWith(Object.fromEntries(kept), known);
}

/** The content with the ranges that its policy names. */
export function withRanges(content: EnvironmentContent, providers: Providers): EnvironmentContent {
  return { ...content, ranges: rangesNamedIn(content.settings.clientIpResolutionConfig, providers) };
}
