import { LogError } from "../errors.ts";
import { type FormatPart, joinParts, type Layout, layoutOf } from "./layout.ts";
import { headerRole, OTHER } from "./role.ts";

const OPERATOR = /%([A-Z_]+)(?:\(([^)]*)\))?(?::[0-9]+)?%/g;

/**
 * Reads a format string of Envoy's text access log.
 *
 * The peer is `DOWNSTREAM_DIRECT_REMOTE_ADDRESS`, and only where it is not there `DOWNSTREAM_REMOTE_ADDRESS`, which Envoy may have taken from a header. Envoy escapes nothing in its text log: a
 * client that sends quotes can shift the values of its line.
 * Errors: LOGS_FORMAT_INVALID. Source: Envoy, access log format strings.
 */
export function readEnvoyFormat(text: string, where: string): Layout {
  const format = text.replace(/(?:\\n|\n)$/, "");
  const hasDirect = format.includes("%DOWNSTREAM_DIRECT_REMOTE_ADDRESS");
  const parts: FormatPart[] = [];
  let at = 0;
  for (const match of format.matchAll(OPERATOR)) {
    parts.push(format.slice(at, match.index), partOf({ operator: match[1] ?? "", argument: match[2] ?? "", hasDirect }));
    at = match.index + match[0].length;
  }
  parts.push(format.slice(at));
  if (parts.some((part) => typeof part === "string" && part.includes("%"))) {
    throw new LogError("LOGS_FORMAT_INVALID", `${where}: Expected an operator between each two %`);
  }
  return layoutOf(joinParts(parts), { escape: "none", where });
}

function partOf({ operator, argument, hasDirect }: { operator: string; argument: string; hasDirect: boolean }): FormatPart {
  const address = /^DOWNSTREAM_(DIRECT_)?REMOTE_ADDRESS(_WITHOUT_PORT)?$/.exec(operator);
  if (address !== null) return hasDirect && address[1] === undefined ? OTHER : { kind: "peer", hasPort: address[2] === undefined };
  switch (operator) {
    case "START_TIME":
      return argument === "" || argument === "%s" ? { kind: "time" } : OTHER;
    case "RESPONSE_CODE":
      return { kind: "status" };
    case "REQ": {
      const [name = "", other] = argument.split("?");
      return other === undefined && !name.startsWith(":") ? headerRole(name) : OTHER;
    }
    default:
      return OTHER;
  }
}
