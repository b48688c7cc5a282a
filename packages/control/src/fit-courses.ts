import { environmentName } from "./api/environment-json.ts";
import type { EnvironmentKey, EnvironmentRecord } from "./config-store/port.ts";
import { type FitCourse, UNOPPOSED } from "./fit-course.ts";
import type { OpenMisfit } from "./misfit.ts";

type Kept = { readonly key: EnvironmentKey; readonly uid: string; readonly course: FitCourse };

/** What this control knows of whether policies fit. Only in its memory: after a start it is found out anew. */
export class FitCourses {
  readonly #kept = new Map<string, Kept>();
  readonly #waiting = new Map<string, EnvironmentKey>();

  /** Notes that there are new events of an environment. Only then there is something to look at. */
  noteEvents(key: EnvironmentKey): void {
    this.#waiting.set(nameOf(key), key);
  }

  /** Environments with new events since this was asked last. */
  takeWaiting(): readonly EnvironmentKey[] {
    const keys = [...this.#waiting.values()];
    this.#waiting.clear();
    return keys;
  }

  /** Of an environment, and of no other that had its name before. */
  of(organization: string, { name, uid }: EnvironmentRecord): FitCourse {
    const kept = this.#kept.get(environmentName(organization, name));
    return kept?.uid === uid ? kept.course : UNOPPOSED;
  }

  openOf(organization: string, record: EnvironmentRecord): OpenMisfit | undefined {
    return this.of(organization, record).open;
  }

  /** One that says nothing is not kept. */
  set(organization: string, { name, uid }: EnvironmentRecord, course: FitCourse): void {
    const key = { organization, environment: name };
    if (course.open === undefined && course.opposed === 0) this.forget(key);
    else this.#kept.set(nameOf(key), { key, uid, course });
  }

  forget(key: EnvironmentKey): void {
    this.#kept.delete(nameOf(key));
  }

  keys(): readonly EnvironmentKey[] {
    return [...this.#kept.values()].map(({ key }) => key);
  }
}

function nameOf({ organization, environment }: EnvironmentKey): string {
  return environmentName(organization, environment);
}
