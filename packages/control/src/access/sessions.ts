import type { Endings } from "@wherefrom/model";
import type { SessionRecord } from "../config-store/access-port.ts";
import type { ConfigStore } from "../config-store/port.ts";
import type { Caller, Holder } from "../http/caller.ts";
import { credentialsInvalid } from "./access-error.ts";
import type { PlacedGrant } from "./allow.ts";
import { isSecret, type NewSecret, newSecret, secretId } from "./secret.ts";
import { callerOfToken, isOver } from "./token-caller.ts";
import { useNoter } from "./use-noter.ts";

/** What a session is kept with: that of a token ends with it, and has what it has; that of somebody else's JWT has what it said, until it ends. */
type SessionContent = { readonly tokenId: string } | { readonly name: string; readonly grants: readonly PlacedGrant[] };

const MINUTE_MS = 60_000;

type SessionParts = {
  readonly store: ConfigStore;
  readonly now: () => number;
  readonly endings: Endings;
  readonly sessionIdleMs: number;
  /** Whether JWTs are taken. If not any more, sessions that began with one are over. */
  readonly takesJwts: boolean;
};

/** Tells who holds the text of a session's cookie; `undefined` where there is no such session. Throws CREDENTIALS_INVALID for one that is over: it was none that somebody guessed. */
export function sessionReader(parts: SessionParts): (text: string) => Promise<Caller | undefined> {
  const { store, now, endings, sessionIdleMs } = parts;
  const noteUse = useNoter({ everyMs: MINUTE_MS, now, write: store.access.touchSession });
  return async (text) => {
    const id = secretId(text);
    const session = id === undefined ? undefined : await store.access.session(id);
    if (session === undefined || !isSecret(text, session.hash)) return undefined;
    const unused = { id: `${session.id} unused`, expiresAt: session.seenAt + sessionIdleMs };
    if (isOver(session, endings) || isOver(unused, endings)) throw credentialsInvalid();
    const caller = await callerOfSession(session, parts);
    if (caller === undefined) throw credentialsInvalid();
    noteUse(session.id, session.seenAt);
    return { ...caller, session: session.id };
  };
}

async function callerOfSession(
  { content, owner, organization, expiresAt }: SessionRecord,
  { store, takesJwts, endings }: SessionParts,
): Promise<Caller | undefined> {
  const kept = content as SessionContent;
  if (!("tokenId" in kept)) return takesJwts ? { ...kept, isVerified: true, holder: { owner, organization, expiresAt } } : undefined;
  const token = await store.access.token(kept.tokenId);
  return token === undefined || isOver(token, endings) ? undefined : callerOfToken(token);
}

export type NewSession = { readonly secret: NewSecret; readonly record: SessionRecord };

/** A session of whoever holds a token or a JWT. It lasts no longer than that. */
export function newSession(
  { name, grants }: Caller,
  { holder, now, maxAgeMs }: { readonly holder: Holder; readonly now: number; readonly maxAgeMs: number },
): NewSession {
  const { owner, organization, tokenId, expiresAt = Number.POSITIVE_INFINITY } = holder;
  const secret = newSecret("wfs");
  const content: SessionContent = tokenId === undefined ? { name, grants } : { tokenId };
  const times = { createdAt: now, expiresAt: Math.min(now + maxAgeMs, expiresAt), seenAt: now };
  return { secret, record: { id: secret.id, organization, owner, hash: secret.hash, content, ...times } };
}
