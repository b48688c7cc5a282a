import { ApiError } from "../http/api-error.ts";
import type { ApiReason } from "../http/api-reason.ts";
import type { Requirement } from "./table.ts";

type AccessReason = Extract<
  ApiReason,
  "CREDENTIALS_MISSING" | "CREDENTIALS_INVALID" | "IDENTITY_PROVIDER_UNAVAILABLE" | "TOO_MANY_AUTH_FAILURES"
>;

/** A request whose sender is not let in, with the header fields that say how it could be. */
class AccessError extends ApiError {
  override readonly name = "AccessError";
  override readonly headers: Readonly<Record<string, string>>;

  constructor(
    reason: AccessReason,
    { message, headers }: { readonly message: string; readonly headers: Readonly<Record<string, string>> },
  ) {
    super(reason, message);
    this.headers = headers;
  }
}

const REALM = 'Bearer realm="wherefrom"';
const SECOND_MS = 1_000;

/** Source: RFC 6750 §3: a request without any authentication is told no error code. */
export function credentialsMissing(): ApiError {
  const message = "Authorization: Expected Bearer and a token, received nothing. wherefrom token create makes one";
  return new AccessError("CREDENTIALS_MISSING", { message, headers: { "www-authenticate": REALM } });
}

/** The same for a token that is unknown, revoked, expired, or none at all. */
export function credentialsInvalid(): ApiError {
  const message = "Authorization: Expected Bearer and a token that is valid, received one that is unknown, revoked or expired";
  return new AccessError("CREDENTIALS_INVALID", { message, headers: { "www-authenticate": `${REALM}, error="invalid_token"` } });
}

export function tooManyFailures(waitMs: number): ApiError {
  const seconds = Math.max(1, Math.ceil(waitMs / SECOND_MS));
  const message = `Authorization: Expected fewer tokens that are not valid from one client address. Wait ${seconds} s`;
  return new AccessError("TOO_MANY_AUTH_FAILURES", { message, headers: { "retry-after": String(seconds) } });
}

/** The token may be right: it is no failure of its sender. */
export function providerUnavailable(): ApiError {
  const message =
    "Authorization: Expected the identity provider to answer with its keys, received none. Try again, or use a token of control";
  return new AccessError("IDENTITY_PROVIDER_UNAVAILABLE", { message, headers: { "retry-after": "5" } });
}

type Denied = { readonly id: string; readonly path: string; readonly requirement: Requirement };

/** The same whether what is asked for exists or not. */
export function accessDenied({ id, path, requirement }: Denied): ApiError {
  const expected = requirement === "own" ? "any role but gateway" : `the role ${[requirement].flat().join(" or ")}`;
  return new ApiError("ACCESS_DENIED", `Access: Expected ${expected} at ${JSON.stringify(path)} for ${id}. It may not exist, either`);
}
