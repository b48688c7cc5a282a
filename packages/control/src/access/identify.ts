import type { TokenRecord } from "../config-store/access-port.ts";
import type { ConfigStore } from "../config-store/port.ts";
import type { Caller, Identify } from "../http/caller.ts";
import type { ControlNotice } from "../notice.ts";
import { credentialsInvalid, credentialsMissing, providerUnavailable, tooManyFailures } from "./access-error.ts";
import type { Failures } from "./failures.ts";
import { KeysUnavailable, type ReadJwt } from "./oidc.ts";
import type { ProcessKeys } from "./process-keys.ts";
import { isSecret, secretId } from "./secret.ts";

/** A token may be as long as a header allows, which a JWT may need. */
const BEARER = /^Bearer +([\x21-\x7e]+) *$/i;
const HOUR_MS = 3_600_000;

export type IdentifyParts = {
  readonly store: ConfigStore;
  readonly keys: ProcessKeys;
  /** Where tokens of somebody else are taken, too. */
  readonly readJwt: ReadJwt | undefined;
  readonly failures: Failures;
  readonly onNotice: (notice: ControlNotice) => void;
  readonly now: () => number;
};

/**
 * Tells who asks by the token in `Authorization` (RFC 6750 §2.1), and by nothing else: not by a query parameter, which logs would keep.
 *
 * It throws `ApiError` to turn the request away: CREDENTIALS_MISSING, CREDENTIALS_INVALID, TOO_MANY_AUTH_FAILURES. Only a wrong credential counts
 * as a failure.
 */
export function identifyByToken(parts: IdentifyParts): Identify {
  return async (request, client) => {
    const authorization = request.headers.get("authorization");
    if (authorization === null) throw credentialsMissing();
    const waitMs = parts.failures.waitMs(client);
    if (waitMs > 0) throw tooManyFailures(waitMs);
    const caller = await callerOf(BEARER.exec(authorization)?.[1] ?? "", parts);
    if (caller !== undefined) return caller;
    if (parts.failures.add(client)) parts.onNotice({ kind: "client-blocked", client });
    throw credentialsInvalid();
  };
}

async function callerOf(text: string, parts: IdentifyParts): Promise<Caller | undefined> {
  const id = secretId(text);
  if (id === undefined) return readOther(text, parts);
  const { store, keys, now } = parts;
  const key = keys.find(id);
  const token = key ?? (await store.access.token(id));
  if (token === undefined || !isSecret(text, token.hash)) return undefined;
  if (token.expiresAt !== undefined && now() >= token.expiresAt) return undefined;
  if (key === undefined) noteUse(token, parts);
  const grants = token.grants.map((grant) => ({ ...grant, organization: token.organization }));
  return { name: `${key === undefined ? "token" : "process"}:${token.name}`, isVerified: true, grants };
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

/** To the hour, so that a token in use costs a write an hour. Nothing waits for it, and one that fails loses no more than a time. */
function noteUse({ id, lastUsedAt = 0 }: TokenRecord, { store, now }: IdentifyParts): void {
  const hour = now() - (now() % HOUR_MS);
  if (lastUsedAt < hour) void store.access.touchToken(id, hour).catch(() => undefined);
}
