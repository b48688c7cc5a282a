import { EVERY_ORGANIZATION } from "@wherefrom/model";
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from "jose";
import { escapeText } from "wherefrom";
import type { Caller } from "../http/caller.ts";
import type { PlacedGrant } from "./allow.ts";
import type { OidcSettings } from "./oidc-settings.ts";

/** Tells who holds a JWT; `undefined` for one that is not valid. Throws `KeysUnavailable`. */
export type ReadJwt = (text: string) => Promise<Caller | undefined>;

/** The issuer's keys could not be had, so nobody knows whether a token is valid. */
export class KeysUnavailable extends Error {
  override readonly name = "KeysUnavailable";
}

type JwtOptions = { readonly now: () => number; readonly cooldownMs?: number };

const MAX_NAME_LENGTH = 120;
const FETCH_TIMEOUT_MS = 5_000;
/** How often an unknown key id may make control ask the issuer for its keys, at most. */
const COOLDOWN_MS = 30_000;
const CACHE_MS = 600_000;

/** Faults of the keys, not of the token. */
const OF_THE_KEYS: ReadonlySet<string> = new Set(["ERR_JWKS_TIMEOUT", "ERR_JWKS_INVALID", "ERR_JOSE_GENERIC"]);

/**
 * Reads the JWTs of one issuer for one audience. The algorithms are those that the settings list, whatever a token says of itself; it must have
 * an end and a subject. Keys are kept, and asked for again when a token names one that is not among them.
 *
 * Source: RFC 7519, RFC 8725.
 */
export function jwtReader(settings: OidcSettings, { now, cooldownMs = COOLDOWN_MS }: JwtOptions): ReadJwt {
  const { issuer, audience, algorithms, clockSkewSeconds: clockTolerance, jwksUri } = settings;
  const keys = createRemoteJWKSet(new URL(jwksUri), {
    timeoutDuration: FETCH_TIMEOUT_MS,
    cooldownDuration: cooldownMs,
    cacheMaxAge: CACHE_MS,
  });
  const requiredClaims = ["exp", "sub"];
  return async (text) => {
    try {
      const currentDate = new Date(now());
      const { payload } = await jwtVerify(text, keys, { issuer, audience, algorithms, clockTolerance, requiredClaims, currentDate });
      return callerOf(payload, settings);
    } catch (error) {
      if (error instanceof errors.JOSEError && !OF_THE_KEYS.has(error.code)) return undefined;
      throw new KeysUnavailable("The keys of the issuer could not be had", { cause: error });
    }
  };
}

/** Someone without a rule is known and may do nothing. */
function callerOf(payload: JWTPayload, { nameClaim, roles }: OidcSettings): Caller {
  const named = payload[nameClaim];
  const name = typeof named === "string" && named !== "" ? named : payload.sub;
  const grants = roles
    .filter(({ claim, value }) => [payload[claim]].flat().includes(value))
    .map(({ role, organization, environments }): PlacedGrant => ({ role, organization, environments }));
  const holder = { owner: `oidc:${payload.sub}`, organization: EVERY_ORGANIZATION, expiresAt: (payload.exp ?? 0) * 1_000 };
  return { name: `oidc:${escapeText(String(name), MAX_NAME_LENGTH)}`, isVerified: true, grants, holder };
}
