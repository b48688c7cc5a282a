/** Where the values of a JSON text stand. */
export type JsonLines = {
  /** The line (from 1) of the value at a JSON pointer, or of the nearest value round it that is there. */
  lineOf(pointer: string): number;
};

/** Reads the lines of a JSON text. A text that is no JSON has all of its values in line 1. */
export function readJsonLines(text: string): JsonLines {
  const lines = new Map<string, number>();
  try {
    JSON.parse(text);
    scanValue({ text, at: 0, line: 1, lines }, "");
  } catch {
    lines.clear();
  }
  return {
    lineOf(pointer) {
      for (let place = pointer; place !== ""; place = place.slice(0, place.lastIndexOf("/"))) {
        const line = lines.get(place);
        if (line !== undefined) return line;
      }
      return lines.get("") ?? 1;
    },
  };
}

type Scan = { readonly text: string; at: number; line: number; readonly lines: Map<string, number> };

/** Scans one value; the text is known to be JSON, so a mark is all that tells what follows. */
function scanValue(scan: Scan, pointer: string): void {
  skipBlanks(scan);
  scan.lines.set(pointer, scan.lines.get(pointer) ?? scan.line);
  const mark = scan.text[scan.at];
  if (mark === '"') return void scanText(scan);
  if (mark !== "{" && mark !== "[") return skipScalar(scan);
  scan.at++;
  for (let index = 0; ; index++) {
    skipBlanks(scan);
    if (scan.text[scan.at] === "}" || scan.text[scan.at] === "]") break;
    scanMember(scan, { pointer, index, isObject: mark === "{" });
    skipBlanks(scan);
    if (scan.text[scan.at] === ",") scan.at++;
  }
  scan.at++;
}

function scanMember(scan: Scan, { pointer, index, isObject }: { pointer: string; index: number; isObject: boolean }): void {
  if (!isObject) return scanValue(scan, `${pointer}/${index}`);
  const member = `${pointer}/${scanText(scan).replaceAll("~", "~0").replaceAll("/", "~1")}`;
  // A member stands where its name stands, which is where a reader looks for it.
  scan.lines.set(member, scan.line);
  skipBlanks(scan);
  scan.at++;
  scanValue(scan, member);
}

function scanText(scan: Scan): string {
  const start = scan.at++;
  while (scan.text[scan.at] !== '"') scan.at += scan.text[scan.at] === "\\" ? 2 : 1;
  scan.at++;
  return JSON.parse(scan.text.slice(start, scan.at)) as string;
}

function skipScalar(scan: Scan): void {
  while (scan.at < scan.text.length && !/[\s,\]}]/.test(scan.text.charAt(scan.at))) scan.at++;
}

function skipBlanks(scan: Scan): void {
  for (; /\s/.test(scan.text.charAt(scan.at)); scan.at++) {
    if (scan.text[scan.at] === "\n") scan.line++;
  }
}
