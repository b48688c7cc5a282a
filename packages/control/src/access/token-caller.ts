import { type Endings, EVERY_ORGANIZATION } from "@wherefrom/model";
import type { TokenRecord } from "../config-store/access-port.ts";
import type { Caller } from "../http/caller.ts";

/** Who comes with a token of control. */
export function callerOfToken({ id, organization, name, grants, expiresAt }: TokenRecord): Caller {
  return {
    name: authorOf({ organization, name }),
    isVerified: true,
    grants: grants.map((grant) => ({ ...grant, organization })),
    holder: { owner: `token:${id}`, organization, expiresAt, tokenId: id },
  };
}

/** Each organization gives its tokens what names it likes, so one that is for all of them says so: no other can pass for it in a log. */
function authorOf({ organization, name }: Pick<TokenRecord, "organization" | "name">): string {
  return organization === EVERY_ORGANIZATION ? `token:${EVERY_ORGANIZATION}/${name}` : `token:${name}`;
}

/** Whether a token or a session is over. `endings`: those that were asked for here, so that a clock that is put back makes none of them valid again. */
export function isOver({ id, expiresAt }: { readonly id: string; readonly expiresAt?: number | undefined }, endings: Endings): boolean {
  return expiresAt !== undefined && endings.isOver({ key: `${id} ${expiresAt}`, endsAtMs: expiresAt });
}
