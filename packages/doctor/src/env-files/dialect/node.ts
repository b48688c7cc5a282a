import { agree } from "./agree.ts";
import { type Cursor, openCursor, take, takeLine } from "./cursor.ts";
import { type Dialect, type EnvEntry, textValue } from "./reading.ts";

const QUOTES: ReadonlySet<string> = new Set(["'", '"', "`"]);

/** Node 20 takes only spaces for blanks, and lets a key go on over line ends until it finds an `=`. */
type Release = "20" | "22 and later";

/**
 * Reads a file as Node's `--env-file` and `util.parseEnv` do: like dotenv at first sight, but a quote closes at the next one of its kind, escaped or not, what stands
 * behind it is left out, and nothing but `\n` in double quotes is an escape. Nothing is filled in. A byte order mark becomes part of the first key. What Node 20 reads
 * otherwise than later releases is unknown.
 *
 * Source: Node 20.20, 22.23, 24.21 and 26.10, observed.
 */
export const readNode: Dialect = (text) => ({ entries: agree(readAs("20", text), readAs("22 and later", text)), faults: [] });

function readAs(release: Release, text: string): readonly EnvEntry[] {
  const cursor = openCursor(text.replaceAll("\r", ""));
  const entries: EnvEntry[] = [];
  const isBlank = (character: string): boolean => character === " " || (release !== "20" && (character === "\t" || character === "\n"));
  take(cursor, isBlank);
  while (cursor.at < cursor.text.length) {
    const line = cursor.line();
    const first = cursor.text[cursor.at];
    const key = first === "#" || first === "\n" ? undefined : readKey(cursor, release);
    if (key !== undefined) {
      const value = readValue(cursor, { release, isBlank });
      const isDropped = value === undefined || (key === "" && (release === "20" || !value.isAtOnce));
      const keepsExport = release !== "20" && value?.isAtOnce === true;
      if (!isDropped) entries.push({ key: keepsExport ? key : withoutExport(key), value: textValue(value.text), line });
      if (isDropped && release === "20") break;
    } else if (release === "20" && first !== "#" && first !== "\n") {
      break;
    }
    takeLine(cursor);
    cursor.at += 1;
    if (key === undefined && first !== "#" && first !== "\n") take(cursor, isBlank);
  }
  return entries;
}

function readKey(cursor: Cursor, release: Release): string | undefined {
  const text = take(cursor, (character) => character !== "=" && (release === "20" || character !== "\n"));
  if (cursor.text[cursor.at] !== "=") return undefined;
  cursor.at += 1;
  return trim(text, release);
}

function withoutExport(key: string): string {
  return key.startsWith("export ") ? key.slice("export ".length) : key;
}

/** A value, and whether the line, or all but blanks of the file, ends at once behind the `=`: then later releases keep `export` in the key. */
type Value = { readonly text: string; readonly isAtOnce: boolean };

/** `undefined`: the value is not taken at all. */
function readValue(cursor: Cursor, { release, isBlank }: { release: Release; isBlank: (character: string) => boolean }): Value | undefined {
  if (cursor.at >= cursor.text.length || cursor.text[cursor.at] === "\n") return { text: "", isAtOnce: true };
  take(cursor, isBlank);
  if (cursor.at >= cursor.text.length) return { text: "", isAtOnce: true };
  const quote = cursor.text[cursor.at] ?? "";
  const close = QUOTES.has(quote) ? cursor.text.indexOf(quote, cursor.at + 1) : -1;
  if (close !== -1) {
    const inside = cursor.text.slice(cursor.at + 1, close);
    cursor.at = close + 1;
    return { text: quote === '"' ? inside.replaceAll("\\n", "\n") : inside, isAtOnce: false };
  }
  const line = takeLine(cursor);
  if (!QUOTES.has(quote)) return { text: trim(line.split("#", 1)[0] ?? "", release), isAtOnce: false };
  return release === "20" && cursor.at >= cursor.text.length ? undefined : { text: line, isAtOnce: false };
}

function trim(text: string, release: Release): string {
  return release === "20" ? text.replace(/^ +/, "").replace(/ +$/, "") : text.replace(/^[ \t\n]+/, "").replace(/[ \t\n]+$/, "");
}
