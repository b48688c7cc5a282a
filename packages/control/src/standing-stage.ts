import type { EnvironmentContent, EnvironmentRecord, StageStart } from "./config-store/port.ts";

/** As which revision, and when, what is tried began to be: bans made meanwhile are later revisions of the same trial. */
export function stageStart({ stage, revision, modifiedAt }: Pick<EnvironmentRecord, "stage" | "revision" | "modifiedAt">): StageStart {
  return stage?.began ?? { revision, at: modifiedAt };
}

/** What the gateways run that do not try what stands. That it is not kept is a fault of the database. */
export function requireOthers({ name, revision }: EnvironmentRecord, others: EnvironmentContent | undefined): EnvironmentContent {
  if (others !== undefined) return others;
  throw new Error(`Expected revision ${revision - 1} of ${name} to be kept while ${revision} is tried`);
}
