/** Targets that are named of those that are alike. */
const MAX_NAMED = 3;

/** Where a proxy connects to, when there are several. */
export function targetsText(targets: readonly string[]): string {
  const more = targets.length - MAX_NAMED;
  return targets.slice(0, MAX_NAMED).join(", ") + (more > 0 ? `, and ${more} more` : "");
}
