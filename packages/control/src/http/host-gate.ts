import { parseAddress } from "wherefrom";
import { ApiError } from "./api-error.ts";
import { shownValue } from "./violations.ts";

const LOCALHOST = "localhost";

/**
 * Whether a host is this machine's own loopback: `localhost`, 127.0.0.0/8 or ::1. Only what is written counts: no name is looked
 * up, since an answer could change between the check and the use. `[::1]` and `::1` are the same.
 */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === LOCALHOST) return true;
  const address = parseAddress(host.replace(/^\[(.*)\]$/, "$1"));
  if (address === undefined) return false;
  return address.family === 4 ? address.text.startsWith("127.") : address.text === "::1";
}

/**
 * Refuses a request whose Host is neither a loopback name or address nor one of control's own names. A page that rebinds its own name to control's
 * address still sends that name, so the browser's same-origin rule cannot be turned against control.
 */
export function requireKnownHost(host: string | null, names: ReadonlySet<string>): void {
  const name = (host ?? "").replace(/:[0-9]{1,5}$/, "");
  if (isLoopback(name) || names.has(name.toLowerCase())) return;
  const expected = names.size === 0 ? "a loopback name or address such as localhost or 127.0.0.1" : "a name that control was given";
  throw new ApiError("HOST_NOT_ALLOWED", `Host: Expected ${expected}, received ${shownValue(host ?? undefined)}`);
}
