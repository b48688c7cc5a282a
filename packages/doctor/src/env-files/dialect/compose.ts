import { type Cursor, openCursor, take } from "./cursor.ts";
import { type Lookup, lookupIn } from "./expand.ts";
import { type Dialect, type EnvEntry, type EnvFault, type EnvReading, type EnvValue, type FaultKind, textValue } from "./reading.ts";

/** A file that compose refuses as a whole. */
class Refused extends Error {
  override readonly name = "Refused";
  readonly kind: FaultKind;

  constructor(kind: FaultKind) {
    super(kind);
    this.kind = kind;
  }
}

/** Go's `unicode.IsSpace`, as far as it lies in Latin-1. */
const SPACE = /[\t\n\v\f\r \x85\xa0]/;
const BLANK = /[\t\v\f\r \x85\xa0]/;

/**
 * Reads a file as docker compose does: `KEY: value` is taken too, a key alone takes its value from the process, ` #` begins a comment, single quotes keep everything, and one
 * bad line refuses the whole file.
 *
 * Source: Docker, "Compose file interpolation" and "env_file" syntax; compose-go 2. Not run here: there is no package of compose 2 in Debian 12.
 */
export const readCompose: Dialect = (text, environment) => {
  const cursor = openCursor(text.startsWith("\ufeff") ? text.slice(1) : text);
  const entries: EnvEntry[] = [];
  const assigned = new Map<string, EnvValue>();
  const lookup = lookupIn({ assigned, environment, first: "assigned" });
  for (skipToStatement(cursor); cursor.at < cursor.text.length; skipToStatement(cursor)) {
    const line = cursor.line();
    try {
      const { key, isInherited } = readKey(cursor);
      const value = isInherited ? inherited(key, environment) : readValue(cursor, lookup);
      assigned.set(key, value);
      entries.push({ key, value, line });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return refusedAt({ line, kind: error.kind, stops: true });
    }
  }
  return { entries, faults: [] };
};

function refusedAt(fault: EnvFault): EnvReading {
  return { entries: [], faults: [fault] };
}

function skipToStatement(cursor: Cursor): void {
  for (;;) {
    take(cursor, (character) => SPACE.test(character));
    if (cursor.text[cursor.at] !== "#") return;
    take(cursor, (character) => character !== "\n");
  }
}

function readKey(cursor: Cursor): { key: string; isInherited: boolean } {
  if (cursor.text.startsWith("export", cursor.at) && BLANK.test(cursor.text[cursor.at + 6] ?? "")) cursor.at += 6;
  take(cursor, (character) => BLANK.test(character));
  const text = take(cursor, (character) => character !== "=" && character !== ":" && character !== "\n");
  const key = text.trimEnd();
  if (!/^[\p{L}\p{N}_.[\]-]+$/u.test(key)) throw new Refused("not-an-assignment");
  const end = cursor.text[cursor.at];
  cursor.at += 1;
  return { key, isInherited: end !== "=" && end !== ":" };
}

function inherited(key: string, environment: Parameters<Dialect>[1]): EnvValue {
  if (environment === undefined) return { kind: "unknown", why: "environment" };
  const value = environment.get(key);
  return value === undefined ? { kind: "absent" } : textValue(value);
}

function readValue(cursor: Cursor, lookup: Lookup): EnvValue {
  take(cursor, (character) => BLANK.test(character));
  const quote = cursor.text[cursor.at];
  if (quote === "'" || quote === '"') {
    const inside = takeQuoted(cursor, quote);
    return quote === "'" ? textValue(inside) : fillIn(inside.replace(/\\([nrtvabf\\])/g, unescapeOne), lookup);
  }
  const line = take(cursor, (character) => character !== "\n");
  const comment = line.search(/(?:^|\s)#/);
  return fillIn((comment === -1 ? line : line.slice(0, comment)).trimEnd(), lookup);
}

function takeQuoted(cursor: Cursor, quote: string): string {
  let inside = "";
  for (let at = cursor.at + 1; at < cursor.text.length; at += 1) {
    const character = cursor.text[at] as string;
    if (character === "\\" && cursor.text[at + 1] === quote) {
      inside += quote;
      at += 1;
    } else if (character === quote) {
      cursor.at = at + 1;
      return inside;
    } else {
      inside += character;
    }
  }
  throw new Refused("unclosed-quote");
}

function unescapeOne(_: string, character: string): string {
  const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", v: "\v", a: "\x07", b: "\b", f: "\f" };
  return escapes[character] ?? character;
}

const VARIABLE = /\$(?:(\$)|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?-)([^{}$]*))?\}|([A-Za-z_][A-Za-z0-9_]*))/g;

/** `$name`, `${name}`, `${name:-default}`, `${name-default}` and `$$`; another form is unknown. */
function fillIn(text: string, lookup: Lookup): EnvValue {
  let isKnown = true;
  const filled = text.replace(
    VARIABLE,
    (_, dollar: string | undefined, braced: string | undefined, operator: string | undefined, fallback = "", bare?: string) => {
      if (dollar !== undefined) return "\0";
      const value = lookup(braced ?? bare ?? "");
      if (value === undefined) isKnown = false;
      return value === null || (value === "" && operator === ":-") ? fallback : (value ?? "");
    },
  );
  if (!isKnown) return { kind: "unknown", why: "environment" };
  return filled.includes("$") ? { kind: "unknown", why: "expansion" } : textValue(filled.replaceAll("\0", "$"));
}
