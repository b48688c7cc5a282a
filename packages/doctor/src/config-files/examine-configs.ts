import type { FactValue } from "@wherefrom/diagnosis";
import type { ConfigReading, Finding } from "@wherefrom/proxies";
import type { LearnedPath } from "../path/learned-path.ts";
import { checkProbe } from "./check-probe.ts";
import { factsOfConfigs } from "./config-facts.ts";
import { followWays, type Way } from "./way.ts";

/** What configurations come to, together. */
export type ConfigExamination = {
  readonly readings: readonly ConfigReading[];
  /** What a request that passes them in their order meets. */
  readonly ways: readonly Way[];
  /** Where they and a probe contradict each other. */
  readonly disagreements: readonly Finding[];
  /** What came of holding them against a probe: `unheld` where none was given, or there was nothing that both speak of. */
  readonly probe: "agrees" | "disagrees" | "unheld";
  /** Facts for a diagnosis. */
  readonly facts: Readonly<Record<string, FactValue>>;
};

/** Puts readings together, in the order in which a request meets them, and holds them against a probe. Pure. */
export function examineConfigs(readings: readonly ConfigReading[], { path }: { readonly path?: LearnedPath } = {}): ConfigExamination {
  const ways = followWays(readings);
  const disagreements = path === undefined ? [] : checkProbe(readings, path);
  const isHeld = path !== undefined && path.legs.length > 0 && ways.some(({ arrives }) => arrives !== undefined);
  return {
    readings,
    ways,
    disagreements,
    probe: disagreements.length > 0 ? "disagrees" : isHeld ? "agrees" : "unheld",
    facts: factsOfConfigs(readings),
  };
}

/** Whether something was found that a person should look at: a warning or an error, or a part that could not be read. */
export function isWorthALook({ readings, disagreements }: ConfigExamination): boolean {
  const findings = [...readings.flatMap((reading) => reading.findings), ...disagreements];
  return findings.some(({ severity }) => severity !== "note") || readings.some(({ issues }) => issues.length > 0);
}
