import { EVERY_ORGANIZATION } from "@wherefrom/model";
import type { TokenRecord } from "../config-store/access-port.ts";
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
  readonly onNotice: (notice: ControlNotice) => void;
  readonly now: () => number;
};

/**
 * Tells who asks by the token in `Authorization` (RFC 6750 §2.1), and by nothing else: not by a query parameter, which logs would keep.
 *
 * It throws `ApiError` to turn the request away: CREDENTIALS_MISSING, CREDENTIALS_INVALID, TOO_MANY_AUTH_FAILURES. Only a wrong credential counts
 * as a failure, and a right one is let in however often others behind the same address have failed.
 */
export function identifyByToken(parts: IdentifyParts): Identify {
  const known = { ...parts, noteUse: useNoter(parts) };
  const { line, proven, failures } = parts;
  return async (request, client) => {
    const authorization = request.headers.get("authorization");
    if (authorization === null) throw credentialsMissing();
    const credential = BEARER.exec(authorization)?.[1] ?? "";
    if (proven.has(credential)) {
      const caller = await callerOf(credential, known);
      if (caller !== undefined) return caller;
      proven.forget(credential);
    }
    const leave = await line.enter(client);
    if (leave === undefined) throw tooManyFailures(failures.waitMs(client));
    try {
      const caller = await callerOf(credential, known);
      if (caller === undefined) throw failureOf(client, parts);
      proven.add(credential);
      return caller;
    } finally {
      leave();
    }
  };
}

/** Counts it, as long as it is not one too many already: one client by itself makes no flood. */
function failureOf(client: string, { failures, onNotice }: IdentifyParts): Error {
  const waitMs = failures.waitMs(client);
  if (waitMs > 0) return tooManyFailures(waitMs);
  if (failures.add(client)) onNotice({ kind: "client-blocked", client });
  return credentialsInvalid();
}

type KnownParts = IdentifyParts & { readonly noteUse: (token: TokenRecord) => void };

async function callerOf(text: string, parts: KnownParts): Promise<Caller | undefined> {
  const id = secretId(text);
  if (id === undefined) return readOther(text, parts);
  const { store, keys, now } = parts;
  const key = keys.find(id);
  const token = key ?? (await store.access.token(id));
  if (token === undefined || !isSecret(text, token.hash)) return undefined;
  if (token.expiresAt !== undefined && now() >= token.expiresAt) return undefined;
  if (key === undefined) parts.noteUse(token);
  const grants = token.grants.map((grant) => ({ ...grant, organization: token.organization }));
  return { name: key === undefined ? authorOf(token) : `process:${token.name}`, isVerified: true, grants };
}

/** Each organization gives its tokens what names it likes, so one that is for all of them says so: no other can pass for it in a log. */
function authorOf({ organization, name }: TokenRecord): string {
  return organization === EVERY_ORGANIZATION ? `token:${EVERY_ORGANIZATION}/${name}` : `token:${name}`;
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

/** To the hour, so that a token in use costs one write an hour, however many requests come with it. Nothing waits for it, and one that fails loses no more than a time. */
function useNoter({ store, now }: IdentifyParts): (token: TokenRecord) => void {
  let noting = { hour: 0, ids: new Set<string>() };
  return ({ id, lastUsedAt = 0 }) => {
    const hour = now() - (now() % HOUR_MS);
    if (noting.hour !== hour) noting = { hour, ids: new Set() };
    const { ids } = noting;
    if (lastUsedAt >= hour || ids.has(id)) return;
    ids.add(id);
    void store.access.touchToken(id, hour).catch(() => ids.delete(id));
  };
}
