import { LogError } from "../errors.ts";
import { type FormatPart, joinParts, type Layout, layoutOf } from "./layout.ts";
import { headerRole, OTHER, type Role } from "./role.ts";

/** Variables that mean something here. `$http_NAME` is a header; all others are passed over. */
const ROLES: Readonly<Record<string, Role>> = {
  remote_addr: { kind: "peer", hasPort: false },
  time_local: { kind: "time" },
  time_iso8601: { kind: "time" },
  msec: { kind: "time" },
  status: { kind: "status" },
  request: { kind: "request" },
  body_bytes_sent: { kind: "word" },
  bytes_sent: { kind: "word" },
  request_length: { kind: "word" },
  request_time: { kind: "word" },
};

/**
 * Reads the format of an nginx `log_format`: the text between the quotes of the directive, with `escape=json` or `escape=none` before it where the directive has it.
 *
 * With `$realip_remote_addr` in it, that is the peer: nginx has replaced `$remote_addr` then.
 * Errors: LOGS_FORMAT_INVALID. Source: nginx, ngx_http_log_module and ngx_http_realip_module.
 */
export function readNginxFormat(text: string, where: string): Layout {
  const option = /^escape=(default|json|none)\s+/.exec(text);
  const format = text.slice(option?.[0].length ?? 0);
  const names = [...format.matchAll(/\$(?:\{(\w+)\}|(\w+))/g)].map((match) => match[1] ?? match[2]);
  const isReplaced = names.includes("realip_remote_addr");
  const parts: (FormatPart | { readonly port: true })[] = [];
  let at = 0;
  for (const match of format.matchAll(/\$(?:\{(\w+)\}|(\w+))/g)) {
    parts.push(format.slice(at, match.index), partOf(match[1] ?? match[2] ?? "", isReplaced));
    at = match.index + match[0].length;
  }
  parts.push(format.slice(at));
  if (/\$(?!\w)/.test(format.replaceAll(/\$\{\w+\}/g, "")))
    throw new LogError("LOGS_FORMAT_INVALID", `${where}: Expected a name behind each $`);
  return layoutOf(joinParts(parts), { escape: option?.[1] === "none" ? "none" : "backslash", where });
}

function partOf(name: string, isReplaced: boolean): FormatPart | { readonly port: true } {
  if (name === "remote_port" || name === "realip_remote_port") return { port: true };
  if (name === "realip_remote_addr") return { kind: "peer", hasPort: false };
  if (name === "remote_addr" && isReplaced) return OTHER;
  if (name.startsWith("http_")) return headerRole(name.slice("http_".length).replaceAll("_", "-"));
  return ROLES[name] ?? OTHER;
}
