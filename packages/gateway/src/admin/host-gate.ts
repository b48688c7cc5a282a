import { parseAddress } from "wherefrom";

const LOCALHOST = "localhost";
const PORT = /:\d{1,5}$/;

/**
 * Whether a request to the admin listener may carry this Host. A page in a browser that rebinds its own name to this machine still sends that
 * name, so names have to be listed; an address cannot be rebound, and probes of an orchestrator send one.
 */
export function isHostAllowed(host: string | undefined, names: readonly string[]): boolean {
  const name = (host ?? "").replace(PORT, "").toLowerCase();
  if (parseAddress(name.replace(/^\[(.*)\]$/, "$1")) !== undefined) return true;
  return name === LOCALHOST || names.some((allowed) => allowed.toLowerCase() === name);
}
