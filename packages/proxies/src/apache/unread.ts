import { ADDRESS_HEADERS } from "../address-headers.ts";
import { type Statement, textsOf } from "../statement.ts";

const KNOWN = "a directive that is known here";
const NOT_HTTP = "a service that speaks HTTP: what goes to it otherwise is not read";

/**
 * Says what was expected in place of a directive that may change the address and is not followed. `undefined` for one that has nothing to do with it. `section`: what it stands in.
 *
 * Source: Apache, mod_proxy, mod_remoteip, mod_rewrite; modules of others that change the client address; macros, and Lua.
 */
export function expectedFor({ name, words }: Statement, section: string): string | undefined {
  const [first = "", second = "", third = ""] = textsOf(words);
  if (/^(?:rpaf|cloudflareremoteip|use$|luahook|mef)/.test(name)) return KNOWN;
  switch (name) {
    case "sethandler":
      return first.startsWith("proxy:") ? "ProxyPass: handlers that pass requests on are not followed" : undefined;
    case "jkmount":
      return NOT_HTTP;
    case "balancermember":
      return [first, second].some((target) => schemeOf(target) === "other") ? NOT_HTTP : undefined;
    case "proxypass":
    case "proxypassmatch":
      return schemeOf(section.startsWith("<location") ? first : second) === "other" ? NOT_HTTP : undefined;
    case "proxyrequests":
      return first.toLowerCase() === "on" ? "Off: what a proxy of clients passes on is not read" : undefined;
    case "rewriteoptions":
      return /inherit/i.test(textsOf(words).join(" ")) ? "rules where they hold: which are taken over is not followed" : undefined;
    case "rewriterule":
      return isPassingOn(third) && /^<(?:directory|files)/.test(section) ? "[P] in a server or a <Location>" : undefined;
    case "remoteipproxiesheader":
      return ADDRESS_HEADERS.includes(first.toLowerCase()) ? "a header in which no address of a client is looked for" : undefined;
  }
  return undefined;
}

/** What a target is passed on by. */
export function schemeOf(target: string): "http" | "other" {
  const scheme = /^(?:unix:[^|]*\|)?(\w+):/.exec(target)?.[1] ?? "http";
  return ["http", "https", "ws", "wss", "balancer", "h2", "h2c"].includes(scheme) ? "http" : "other";
}

/** Whether flags of a rewrite rule have `P`. */
export function isPassingOn(flags: string): boolean {
  return /[[,]\s*(?:P|proxy)\s*[\],]/.test(flags);
}
