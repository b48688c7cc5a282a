import { type AbuseDetectionSettings, AddressIndex, DEFAULT_ABUSE_DETECTION, providerNamedBy } from "@wherefrom/model";
import { type Prefix, type Providers, parsePrefix, prefixesOverlap } from "wherefrom";
import type { JudgeSettings } from "./judge.ts";
import { type Floors, RULES, type RuleName } from "./rules.ts";

/** Rules that look at windows of one length. */
export type RuleWindow = { readonly windowMinutes: number; readonly rules: readonly RuleName[] };

/** How an environment looks for abusers. */
export type EnvironmentAbuse = {
  /** None when it looks for none. */
  readonly windows: readonly RuleWindow[];
  readonly settings: JudgeSettings;
  readonly staticEndings: readonly string[];
};

const SETTINGS_OF = {
  Flooder: "flooder",
  "Brute Guessor": "bruteGuessor",
  "Static Content Scraper": "staticContentScraper",
  "Robot Abuser": "robotAbuser",
} as const satisfies Readonly<Record<RuleName, keyof AbuseDetectionSettings>>;

const NAMES = Object.keys(RULES) as RuleName[];

/** Joins what an environment has set with what holds where it has not. Throws for an exclusion whose ranges are not known: it would accuse whom it was meant for. */
export function environmentAbuse(given: AbuseDetectionSettings, providers: Providers): EnvironmentAbuse {
  const {
    enabled = DEFAULT_ABUSE_DETECTION.enabled,
    exclusions = [],
    deviations = DEFAULT_ABUSE_DETECTION.deviations,
    minClients = DEFAULT_ABUSE_DETECTION.minClients,
    staticEndings = DEFAULT_ABUSE_DETECTION.staticEndings,
  } = given;
  const asked = enabled ? NAMES.filter((name) => given[SETTINGS_OF[name]]?.enabled !== false) : [];
  const minutesOf = (name: RuleName): number => given[SETTINGS_OF[name]]?.windowMinutes ?? RULES[name].windowMinutes;
  const lengths = [...new Set(asked.map(minutesOf))];
  const floors = NAMES.map((name): [RuleName, Floors] => {
    const { minAmount = RULES[name].floors.minAmount, minShare = RULES[name].floors.minShare } = given[SETTINGS_OF[name]] ?? {};
    return [name, { minAmount, minShare }];
  });
  return {
    windows: lengths.map((windowMinutes) => ({ windowMinutes, rules: asked.filter((name) => minutesOf(name) === windowMinutes) })),
    settings: { floors: Object.fromEntries(floors), deviations, minClients, isExcluded: excluderOf(exclusions, providers) },
    staticEndings,
  };
}

/** Whether a client is in one of the exclusions, or one of them in it: an exclusion of IPv6 may be smaller than a client. Throws for ranges that are not known. */
export function excluderOf(exclusions: readonly string[], providers: Providers): (client: Prefix) => boolean {
  if (exclusions.length === 0) return () => false;
  const prefixes = exclusions.flatMap((exclusion) => prefixesOf(exclusion, providers));
  const index = AddressIndex.of(prefixes.map((prefix) => ({ prefix, owner: 0 })));
  const small = prefixes.filter(({ first, length }) => first.family === 6 && length > 64);
  return (client) => index.ownersOf(client.first).length > 0 || small.some((prefix) => prefixesOverlap(prefix, client));
}

function prefixesOf(exclusion: string, providers: Providers): readonly Prefix[] {
  const name = providerNamedBy(exclusion);
  if (name !== undefined) {
    const provider = providers.get(name);
    if (provider === undefined) throw new Error(`Ranges ${name}, which are excluded, are not known`);
    return provider.prefixes;
  }
  const reading = parsePrefix(exclusion);
  if (reading.kind !== "prefix") throw new Error(`Expected a network, received ${exclusion}`);
  return [reading.prefix];
}
