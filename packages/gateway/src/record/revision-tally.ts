import type { FallbackCounts, RevisionCounts } from "@wherefrom/model";
import type { Rejection, Resolution } from "wherefrom";
import { rejections } from "../rejections.ts";

/** From the first revision to `revision` all say the same but for security actions and debug sessions. */
type Counting = { readonly first: number; revision: number; requests: number; readonly fallbacks: number[] };

/** What a revision says, as far as counting goes on from one to the next: see `CompiledSnapshot.policyDigest`. */
type Counted = { readonly revision: number; readonly policyDigest: string };

/**
 * Counts by the policy of the revision that an exchange ran by: the one in use, and the one before it, whose last exchanges end after the change. A ban
 * makes a revision and changes no policy, so counting goes on. Plain fields, as every request pays for it.
 */
export class RevisionTally {
  #current: Counting = nothingOf(0);
  #before: Counting | undefined;
  #policyDigest = "";

  /** From now on new exchanges run by this revision. */
  begin({ revision, policyDigest }: Counted): void {
    if (revision === this.#current.revision) return;
    const isSamePolicy = policyDigest === this.#policyDigest && revision > this.#current.revision;
    this.#policyDigest = policyDigest;
    if (isSamePolicy) {
      this.#current.revision = revision;
      return;
    }
    this.#before = this.#current.revision === 0 ? undefined : this.#current;
    this.#current = nothingOf(revision);
  }

  count(revision: number, { reason }: Resolution): void {
    const counting = isUnder(this.#current, revision) ? this.#current : this.#before;
    if (counting === undefined || !isUnder(counting, revision)) return;
    counting.requests += 1;
    if (reason === undefined) return;
    const place = rejections.indexOf(reason);
    counting.fallbacks[place] = (counting.fallbacks[place] ?? 0) + 1;
  }

  read(): { readonly current: RevisionCounts; readonly before: RevisionCounts | undefined } {
    return { current: countsOf(this.#current), before: this.#before && countsOf(this.#before) };
  }
}

/** Counts of several processes as one; those of another revision than the first one's are left out. */
export function addCounts(all: readonly RevisionCounts[]): RevisionCounts | undefined {
  const [first] = all;
  if (first === undefined) return undefined;
  const same = all.filter(({ revision }) => revision === first.revision);
  const fallbacks: Record<string, number> = {};
  for (const counts of same) {
    for (const [reason, count] of Object.entries(counts.fallbacks)) fallbacks[reason] = (fallbacks[reason] ?? 0) + count;
  }
  return { revision: first.revision, requests: same.reduce((sum, { requests }) => sum + requests, 0), fallbacks };
}

function isUnder({ first, revision: last }: Counting, revision: number): boolean {
  return revision <= last && revision >= first;
}

function nothingOf(revision: number): Counting {
  return { first: revision, revision, requests: 0, fallbacks: new Array<number>(rejections.length).fill(0) };
}

function countsOf({ revision, requests, fallbacks }: Counting): RevisionCounts {
  const counts = rejections.flatMap((reason: Rejection, place) => ((fallbacks[place] ?? 0) > 0 ? [[reason, fallbacks[place] ?? 0]] : []));
  return { revision, requests, fallbacks: Object.fromEntries(counts) as FallbackCounts };
}
