import { diagnose } from "@wherefrom/diagnosis";
import { type AbuseDetectionSettings, providerNamedBy } from "@wherefrom/model";
import { type Policy, type Providers, parsePolicy, parsePrefix } from "wherefrom";
import { excluderOf } from "./abuse/environment-abuse.ts";
import { theCatalogue } from "./catalogue.ts";
import type { EnvironmentRecord } from "./config-store/port.ts";
import { entranceNames } from "./counted-hops.ts";
import { factsOfEnvironment } from "./environment-facts.ts";
import type { EventStore } from "./event-store/port.ts";
import { judgeFit } from "./fit.ts";
import type { Fit, Misfit } from "./misfit.ts";
import type { ControlParts } from "./parts.ts";
import { proposeIndex } from "./propose-index.ts";
import { providersFor } from "./ranges.ts";
import { type RecentTraffic, readRecentTraffic, WINDOW_MS } from "./recent-traffic.ts";
import { revisionsAlike } from "./revisions-alike.ts";
import { factsOfTraffic } from "./traffic-facts.ts";

/** Causes that are named: the likeliest, of those that something speaks for. */
const MAX_CAUSES = 3;

/** How a policy fared lately. */
export type Assessment = { readonly traffic: RecentTraffic; readonly policy: Policy; readonly fit: Fit["kind"]; readonly misfit: Misfit };

type Assessed = {
  readonly organization: string;
  readonly record: EnvironmentRecord;
  readonly eventStore: EventStore;
  /** Of who waits for it. */
  readonly signal?: AbortSignal;
};

/**
 * Judges the policy of an environment by the traffic of the last 15 minutes, and looks for causes when it does not fit.
 *
 * Errors: `QuestionTooCostly`, `StoreUnavailable`; the reason of the signal.
 */
export async function assessFit(parts: ControlParts, { organization, record, eventStore, signal }: Assessed): Promise<Assessment> {
  const { name, settings, revision } = record;
  const revisions = await revisionsAlike(parts.store.of(organization), { record, since: parts.now() - WINDOW_MS });
  const providers = providersFor(parts.ranges, record);
  const policy = parsePolicy(settings.clientIpResolutionConfig ?? {}, { providers });
  const recent = { revisions, until: parts.now() + 1, entrances: entranceNames(policy), signal };
  const traffic = await readRecentTraffic(eventStore, { organization, environment: name }, recent);
  const fit = judgeFit(traffic, { policy, isKnown: exclusionOf(settings.abuseDetection, providers) });
  if (fit.kind !== "misfits") return { traffic, policy, fit: fit.kind, misfit: { revision, findings: [], causes: [], undecided: false } };
  const facts = { ...factsOfEnvironment({ policy, revision, fleet: [] }), ...factsOfTraffic(traffic, policy) };
  const { causes, undecided } = diagnose(theCatalogue(), new Map(Object.entries(facts)));
  const suspects = causes.filter((cause) => cause.for.length > 0).slice(0, MAX_CAUSES);
  const proposal = proposeIndex(traffic, { policy, configuration: settings.clientIpResolutionConfig ?? {} });
  const misfit = { revision, findings: fit.findings, causes: suspects.map(({ id }) => id), undecided, ...(proposal && { proposal }) };
  return { traffic, policy, fit: fit.kind, misfit };
}

/** Addresses that nobody is to be suspected of are known to be of many clients, or to ask much. Ranges that are not known exclude nothing here. */
function exclusionOf({ exclusions = [] }: AbuseDetectionSettings = {}, providers: Providers): (address: string) => boolean {
  const isExcluded = excluderOf(
    exclusions.filter((exclusion) => {
      const name = providerNamedBy(exclusion);
      return name === undefined || providers.has(name);
    }),
    providers,
  );
  return (address) => {
    const reading = parsePrefix(address);
    return reading.kind === "prefix" && isExcluded(reading.prefix);
  };
}
