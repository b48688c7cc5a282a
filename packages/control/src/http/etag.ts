import { ApiError } from "./api-error.ts";

/** The entity tag of a revision: the same for everything that is read of an environment. */
export function etagOf(revision: number): string {
  return `"r${revision}"`;
}

function tagsIn(header: string): readonly string[] {
  return header.split(",").map((tag) => tag.trim());
}

/** Whether If-None-Match says that the client has this revision. Weak comparison (RFC 9110 §13.1.2). */
export function isKnownTo(ifNoneMatch: string | null, revision: number): boolean {
  if (ifNoneMatch === null) return false;
  return tagsIn(ifNoneMatch).some((tag) => tag === "*" || tag.replace(/^W\//, "") === etagOf(revision));
}

/**
 * Refuses a change that was meant for another revision. No If-Match: any revision will do. Strong comparison (RFC 9110 §13.1.1).
 *
 * Errors: `ApiError` REVISION_STALE, 412.
 */
export function requireMatch(ifMatch: string | null, revision: number): void {
  requireTag(ifMatch, etagOf(revision));
}

/** Whether If-Match lets a change of what has this tag through. */
export function matches(ifMatch: string | null, tag: string): boolean {
  return ifMatch === null || tagsIn(ifMatch).some((given) => given === "*" || given === tag);
}

/** As `requireMatch`, for another tag than that of a revision. */
export function requireTag(ifMatch: string | null, tag: string): void {
  if (matches(ifMatch, tag)) return;
  throw new ApiError("REVISION_STALE", `If-Match: Expected ${tag}, received ${ifMatch}. Read what stands again and repeat the change`);
}
