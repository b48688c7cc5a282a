import type { EnvValue } from "./dialect/reading.ts";
import type { EnvTree } from "./env-tree.ts";
import type { EnvExamination } from "./examine.ts";
import { endpointOf, type Veil } from "./secret.ts";
import type { Site, Trace } from "./trace.ts";

/** A value as programs see it: a tag that is equal for equal values, and where it leads when it is an endpoint. Never the value. */
export type VeiledValue = { readonly tag: string; readonly endpoint?: string } | { readonly unknown: string };

/** An examination as JSON. It holds no value of any key. */
export function envExaminationJson(tree: EnvTree, { found, veil }: { readonly found: EnvExamination; readonly veil: Veil }): object {
  const files = [...tree.files.values()].map(({ path, modifiedMs, isTemplate }) => ({
    path,
    modified: new Date(modifiedMs).toISOString(),
    isTemplate,
  }));
  return {
    root: tree.root,
    files,
    loaders: found.traces.map((trace) => traceJson(trace, veil)),
    findings: found.findings.map((finding) => (finding.key === undefined ? finding : { ...finding, key: veil.keyOf(finding.key) })),
    facts: found.facts,
    skipped: tree.skipped,
  };
}

function traceJson({ loader, place, isAssumed, isPlaceCertain, because, candidates, keys }: Trace, veil: Veil): object {
  const siteOf = (key: string, { path, line, value }: Site): object => ({ path, line, value: veilValue(key, { value, veil }) });
  return {
    loader,
    place,
    isAssumed,
    isPlaceCertain,
    ...(because && { because }),
    candidates,
    keys: keys.map(({ key, winner, shadowed, process }) => ({
      key: veil.keyOf(key),
      ...(process && { process: veilValue(key, { value: { kind: "text", text: process.value }, veil }) }),
      winner: siteOf(key, winner),
      shadowed: shadowed.map((site) => siteOf(key, site)),
    })),
  };
}

/** Shows what may be seen of a value. */
export function veilValue(key: string, { value, veil }: { readonly value: EnvValue; readonly veil: Veil }): VeiledValue {
  switch (value.kind) {
    case "unknown":
      return { unknown: value.why };
    case "absent":
      return { unknown: "absent" };
    case "text": {
      const endpoint = endpointOf(key, value.text);
      return { tag: veil.tagOf(value.text), ...(endpoint !== undefined && { endpoint }) };
    }
  }
}
