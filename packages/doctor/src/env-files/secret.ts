import { createHmac, randomBytes } from "node:crypto";
import { parseAddress } from "wherefrom";

/** Shows what may be seen of a value, and never the value. */
export type Veil = {
  /** Eight characters that are the same for the same value within one report, and say nothing of it. */
  readonly tagOf: (value: string) => string;
  /** A key as it may be shown. What a loader takes for a key can be a line of a secret that was pasted over several; then it is a tag. */
  readonly keyOf: (key: string) => string;
};

/** Makes a veil. The key is thrown away with it, so that nobody can try values against a tag. */
export function createVeil(key: Uint8Array = randomBytes(32)): Veil {
  const tagOf = (value: string): string => createHmac("sha256", key).update(value).digest("hex").slice(0, 8);
  return { tagOf, keyOf: (name) => (isName(name) ? name : `#${tagOf(name)}`) };
}

/** Whether somebody would name a setting so: of one case, or of both without digits inside. Base64 of any length worth hiding mixes all three. */
function isName(key: string): boolean {
  const name = key.replace(/^\ufeff/, "").replace(/^export /, "");
  return (
    name.length <= 64 &&
    (/^[A-Z_][A-Z0-9_.-]*$/.test(name) || /^[a-z_][a-z0-9_.-]*$/.test(name) || /^[A-Za-z_][A-Za-z_.-]{0,31}[0-9]{0,3}$/.test(name))
  );
}

const SECRET_NAME =
  /(?:^|_|-|\.)(?:pass(?:word|wd|phrase)?|pwd|secret|token|api_?key|key|credentials?|auth|cookie|session|salt|private|signature|cert)(?:$|_|-|\.|\d)/i;
const ENDPOINT_NAME =
  /(?:^|_|-|\.)(?:url|uri|host|hostname|endpoint|addr(?:ess)?|server|broker|ip|dsn|upstream|backend|gateway|proxy|origin|target|remote|domain|api|ws|mqtt|redis|database|db|amqp)(?:$|_|-|\.|\d)/i;

/** Whether a key is the kind that says where to connect. */
export function isEndpointName(key: string): boolean {
  return ENDPOINT_NAME.test(key) && !SECRET_NAME.test(key);
}

/**
 * Where a value leads, without anything else in it: `scheme://host:port`, or `host:port`. No user, password, path or query. `undefined` when the value is no endpoint, or its key is one of a
 * secret.
 */
export function endpointOf(key: string, value: string): string | undefined {
  if (SECRET_NAME.test(key)) return undefined;
  const url = /^([a-z][a-z0-9+.-]{1,20}):\/\/(?:[^/?#\s]*@)?(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?(?=[/?#]|$)/i.exec(value);
  if (url !== null) return `${url[1]}://${url[2]}${url[3] ?? ""}`.toLowerCase();
  if (!isEndpointName(key)) return undefined;
  const bare = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+?)(:[0-9]{1,5})?$/i.exec(value);
  const host = bare?.[1] ?? "";
  const isHost =
    parseAddress(host.replace(/^\[|\]$/g, "")) !== undefined ||
    /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(host) ||
    host.toLowerCase() === "localhost";
  return bare !== null && isHost ? `${host}${bare[2] ?? ""}`.toLowerCase() : undefined;
}
