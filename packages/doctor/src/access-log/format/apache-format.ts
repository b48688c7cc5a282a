import { LogError } from "../errors.ts";
import { type FormatPart, joinParts, type Layout, layoutOf } from "./layout.ts";
import { headerRole, OTHER } from "./role.ts";

/** Directives of `LogFormat`, with what a status condition or `<` and `>` may stand before the letter. */
const DIRECTIVE = /%(?:!?[0-9]{3}(?:,[0-9]{3})*)?[<>]?(?:\{([^}]*)\})?(\^t[io]|[A-Za-z%])/g;

/**
 * Reads the format of an Apache `LogFormat` or `CustomLog`: the text between the quotes of the directive, or with the backslashes of the file.
 *
 * With `%{c}a` in it, that is the peer: mod_remoteip has replaced `%a` and `%h` then. `%h` is a name where `HostnameLookups` is on, and then no peer.
 * Errors: LOGS_FORMAT_INVALID. Source: Apache, mod_log_config.
 */
export function readApacheFormat(text: string, where: string): Layout {
  const format = text.replaceAll(/\\(["\\nt])/g, (_, letter: string) => ({ n: "\n", t: "\t" })[letter] ?? letter);
  const isReplaced = /%(?:[<>])?\{c\}a/.test(format);
  const parts: (FormatPart | { readonly port: true })[] = [];
  let at = 0;
  for (const match of format.matchAll(DIRECTIVE)) {
    parts.push(format.slice(at, match.index), ...partsOf({ letter: match[2] ?? "", argument: match[1] ?? "", isReplaced }));
    at = match.index + match[0].length;
  }
  parts.push(format.slice(at));
  if (parts.some((part) => typeof part === "string" && part !== "%" && part.includes("%"))) {
    throw new LogError("LOGS_FORMAT_INVALID", `${where}: Expected a directive of LogFormat behind each %`);
  }
  return layoutOf(joinParts(parts), { escape: "backslash", where });
}

type Directive = { readonly letter: string; readonly argument: string; readonly isReplaced: boolean };

function partsOf({ letter, argument, isReplaced }: Directive): readonly (FormatPart | { readonly port: true })[] {
  switch (letter) {
    case "%":
      return ["%"];
    case "h":
      return [isReplaced ? OTHER : { kind: "peer", hasPort: false }];
    case "a":
      return [isReplaced && argument !== "c" ? OTHER : { kind: "peer", hasPort: false }];
    case "t":
      // without an argument it brings its brackets along
      return argument === "" ? ["[", { kind: "time" }, "]"] : [/^(?:sec|msec|usec)$/.test(argument) ? { kind: "time" } : OTHER];
    case "s":
      return [{ kind: "status" }];
    case "b":
    case "B":
    case "O":
    case "I":
    case "D":
      return [{ kind: "word" }];
    case "r":
      return [{ kind: "request" }];
    case "i":
      return [headerRole(argument)];
    case "p":
      return argument === "remote" ? [{ port: true }] : [OTHER];
    default:
      return [OTHER];
  }
}
