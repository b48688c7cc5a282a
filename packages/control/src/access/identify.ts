import type { Endings } from "@wherefrom/model";
import type { ConfigStore } from "../config-store/port.ts";
import type { Caller, Identify } from "../http/caller.ts";
import type { ControlNotice } from "../notice.ts";
import { credentialsInvalid, credentialsMissing, providerUnavailable, tooManyFailures } from "./access-error.ts";
import type { CheckLine } from "./check-line.ts";
import type { Failures } from "./failures.ts";
import { KeysUnavailable, type ReadJwt } from "./oidc.ts";
import type { ProcessKeys } from "./process-keys.ts";
import type { Proven } from "./proven.ts";
import { isSecret, secretId } from "./secret.ts";
import { readSessionCookie, requireSameOrigin } from "./session-cookie.ts";
import { sessionReader } from "./sessions.ts";
import { callerOfToken, isOver } from "./token-caller.ts";
import { useNoter } from "./use-noter.ts";

/** A token may be as long as a header allows, which a JWT may need. */
const BEARER = /^Bearer +([\x21-\x7e]+) *$/i;
const HOUR_MS = 3_600_000;

export type IdentifyParts = {
  readonly store: ConfigStore;
  readonly keys: ProcessKeys;
  /** Where tokens of somebody else are taken, too. */
  readonly readJwt: ReadJwt | undefined;
  readonly failures: Failures;
  readonly line: CheckLine;
  readonly proven: Proven;
  /** Which tokens and sessions are over. */
  readonly endings: Endings;
  /** A session that was not used for so long is over. */
  readonly sessionIdleMs: number;
  /** As clients see the API. */
  readonly scheme: "http" | "https";
  readonly onNotice: (notice: ControlNotice) => void;
  readonly now: () => number;
};

/**
 * Tells who asks by the token in `Authorization` (RFC 6750 §2.1), or else by the cookie of a session, and by nothing else: not by a query parameter, which
 * logs would keep.
 *
 * It throws `ApiError` to turn the request away: CREDENTIALS_MISSING, CREDENTIALS_INVALID, ORIGIN_REFUSED, TOO_MANY_AUTH_FAILURES. Only a wrong credential counts
 * as a failure, and a right one is let in however often others behind the same address have failed.
 */
export function identifyByToken(parts: IdentifyParts): Identify {
  const { line, proven, endings, failures, store, now, readJwt, sessionIdleMs, scheme } = parts;
  const known = { ...parts, noteUse: useNoter({ everyMs: HOUR_MS, now, write: store.access.touchToken }) };
  const readSession = sessionReader({ store, now, endings, sessionIdleMs, takesJwts: readJwt !== undefined });
  return async (request, client) => {
    const { credential, isCookie } = credentialOf(request, scheme);
    const check = (): Promise<Caller | undefined> => (isCookie ? readSession(credential) : callerOf(credential, known));
    if (proven.has(credential)) {
      const caller = await check();
      if (caller !== undefined) return caller;
      proven.forget(credential);
    }
    const leave = await line.enter(client);
    if (leave === undefined) throw tooManyFailures(failures.waitMs(client));
    try {
      const caller = await check();
      if (caller === undefined) throw failureOf(client, parts);
      proven.add(credential);
      return caller;
    } finally {
      leave();
    }
  };
}

/** A cookie goes along with whatever a browser sends, so it counts only where the page that sent it is control's own. */
function credentialOf(request: Request, scheme: "http" | "https"): { readonly credential: string; readonly isCookie: boolean } {
  const authorization = request.headers.get("authorization");
  if (authorization !== null) return { credential: BEARER.exec(authorization)?.[1] ?? "", isCookie: false };
  const credential = readSessionCookie(request.headers.get("cookie"), scheme);
  if (credential === undefined) throw credentialsMissing();
  requireSameOrigin(request, scheme);
  return { credential, isCookie: true };
}

/** Counts it, as long as it is not one too many already: one client by itself makes no flood. */
function failureOf(client: string, { failures, onNotice }: IdentifyParts): Error {
  const waitMs = failures.waitMs(client);
  if (waitMs > 0) return tooManyFailures(waitMs);
  if (failures.add(client)) onNotice({ kind: "client-blocked", client });
  return credentialsInvalid();
}

type KnownParts = IdentifyParts & { readonly noteUse: ReturnType<typeof useNoter> };

async function callerOf(text: string, parts: KnownParts): Promise<Caller | undefined> {
  const id = secretId(text);
  if (id === undefined) return readOther(text, parts);
  const { store, keys, endings } = parts;
  const key = keys.find(id);
  const token = key ?? (await store.access.token(id));
  if (token === undefined || !isSecret(text, token.hash)) return undefined;
  if (isOver(token, endings)) return undefined;
  const { name, isVerified, grants, holder } = callerOfToken(token);
  // a part of this process is no browser, and has no session
  if (key !== undefined) return { name: `process:${token.name}`, isVerified, grants };
  parts.noteUse(id, token.lastUsedAt);
  return { name, isVerified, grants, holder };
}

const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;

function readOther(text: string, { readJwt, onNotice }: IdentifyParts): Promise<Caller | undefined> {
  if (readJwt === undefined || !JWT.test(text)) return Promise.resolve(undefined);
  return readJwt(text).catch((error: unknown) => {
    if (!(error instanceof KeysUnavailable)) throw error;
    onNotice({ kind: "oidc-keys-unavailable", error: error.cause });
    throw providerUnavailable();
  });
}
