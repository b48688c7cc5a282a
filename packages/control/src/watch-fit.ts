import { assessFit } from "./assess-fit.ts";
import type { EnvironmentKey } from "./config-store/port.ts";
import { environmentLooks } from "./environment-looks.ts";
import { nextCourse } from "./fit-course.ts";
import { lookRegularly, type RegularLook } from "./look-regularly.ts";
import type { ControlParts } from "./parts.ts";

/**
 * Watches whether policies fit their traffic. Looks every `fitLookMs` at the environments of which this control got events meanwhile, one after the other,
 * and tells when a misfit begins, ends or cannot be looked for. Of several controls over one database one looks, and one tells.
 */
export function watchFit(parts: ControlParts): RegularLook {
  const { freshEvents, limits, onNotice } = parts;
  const everyMs = limits.fitLookMs;
  const lookIfMine = environmentLooks(parts, {
    of: "fit",
    everyMs,
    onFault: (key, error) => onNotice({ kind: "fit-look-failed", ...key, error }),
  });
  const look = async (): Promise<void> => {
    const keys = freshEvents.take();
    const left = new Set(keys);
    try {
      for (const key of keys) if (await lookIfMine(key, () => lookAt(parts, key))) left.delete(key);
    } finally {
      for (const key of left) freshEvents.note(key);
    }
  };
  // the database of configurations is away, which is told elsewhere
  const onFault = (): void => undefined;
  return lookRegularly({ look, onFault, everyMs });
}

async function lookAt(parts: ControlParts, { organization, environment }: EnvironmentKey): Promise<void> {
  const { eventStore, store, onNotice } = parts;
  const record = await store.of(organization).read(environment);
  if (record === undefined || eventStore === undefined) return;
  const assessment = await assessFit(parts, { organization, record, eventStore });
  const seen = { ...assessment, at: parts.now() };
  const { before, after } = await store.fitCourses.change({ organization, environment, uid: record.uid }, (course) =>
    nextCourse(course, seen),
  );
  if (before.open === undefined && after.open !== undefined) onNotice({ kind: "misfit-began", organization, environment, ...after.open });
  if (before.open !== undefined && after.open === undefined) {
    onNotice({ kind: "misfit-ended", organization, environment, ...before.open, revision: record.revision });
  }
}
