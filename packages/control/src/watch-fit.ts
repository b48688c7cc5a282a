import { assessFit } from "./assess-fit.ts";
import type { EnvironmentKey } from "./config-store/port.ts";
import { nextCourse } from "./fit-course.ts";
import { lookRegularly, type RegularLook } from "./look-regularly.ts";
import type { ControlParts } from "./parts.ts";

/**
 * Watches whether policies fit their traffic. Looks every `fitLookMs` at the environments of which this control got events meanwhile, one after the other,
 * and tells when a misfit begins, ends or cannot be looked for. Several controls over one event store see the same, and each tells of it that gateways send events to.
 */
export function watchFit(parts: ControlParts): RegularLook {
  /** Environments whose last look failed: that is told once. */
  const failing = new Set<string>();
  const look = async (): Promise<void> => {
    await forgetDeleted(parts);
    for (const key of parts.fitCourses.takeWaiting()) {
      const name = `${key.organization}/${key.environment}`;
      try {
        await lookAt(parts, key);
        failing.delete(name);
      } catch (error) {
        parts.fitCourses.noteEvents(key);
        if (!failing.has(name)) parts.onNotice({ kind: "fit-look-failed", ...key, error });
        failing.add(name);
      }
    }
  };
  // the database of configurations is away, which is told elsewhere
  const onFault = (): void => undefined;
  return lookRegularly({ look, onFault, everyMs: parts.limits.fitLookMs });
}

async function forgetDeleted({ fitCourses, store }: ControlParts): Promise<void> {
  for (const key of fitCourses.keys()) {
    if ((await store.of(key.organization).read(key.environment)) === undefined) fitCourses.forget(key);
  }
}

async function lookAt(parts: ControlParts, { organization, environment }: EnvironmentKey): Promise<void> {
  const { eventStore, store, fitCourses, onNotice } = parts;
  const record = await store.of(organization).read(environment);
  if (record === undefined || eventStore === undefined) return;
  const assessment = await assessFit(parts, { organization, record, eventStore });
  const known = fitCourses.of(organization, record);
  const { open: before } = known;
  const course = nextCourse(known, { ...assessment, at: parts.now() });
  fitCourses.set(organization, record, course);
  if (before === undefined && course.open !== undefined) onNotice({ kind: "misfit-began", organization, environment, ...course.open });
  if (before !== undefined && course.open === undefined) onNotice({ kind: "misfit-ended", organization, environment, ...before });
}
