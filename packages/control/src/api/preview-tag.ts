import { hashOf } from "@wherefrom/model";
import { ApiError } from "../http/api-error.ts";
import { etagOf, matches } from "../http/etag.ts";

const HASH_LENGTH = 24;

/**
 * The entity tag of a preview: it stands for a policy and the revision that it was compared with. Not a proof that somebody looked at the
 * preview: it only keeps another policy, or one that meets another revision, from slipping through.
 */
export function previewTagOf(revision: number, policy: object): string {
  return `"p${revision}-${hashOf(policy).slice(0, HASH_LENGTH)}"`;
}

type Intended = { readonly revision: number; readonly policy: object };

/**
 * Refuses a change that was meant for another revision, or whose policy is not the one that was previewed.
 *
 * Errors: `ApiError` REVISION_STALE, PREVIEW_STALE; both 412.
 */
export function requireMatchOrPreview(ifMatch: string | null, { revision, policy }: Intended): void {
  if (matches(ifMatch, etagOf(revision)) || matches(ifMatch, previewTagOf(revision, policy))) return;
  const isPreview = ifMatch?.trim().startsWith('"p') === true;
  throw new ApiError(
    isPreview ? "PREVIEW_STALE" : "REVISION_STALE",
    isPreview
      ? `If-Match: Expected the tag of a preview of this policy at revision ${revision}, received ${ifMatch}. Preview it again`
      : `If-Match: Expected ${etagOf(revision)}, received ${ifMatch}. Read what stands again and repeat the change`,
  );
}
