/** One event of a `text/event-stream`. */
export type StreamEvent = { readonly event: string; readonly data: string };

/**
 * Reads the events of a `text/event-stream` as they come. Comments and events without data are left out; `id` and `retry` are not used here.
 *
 * Errors: throws when one event, or one line, is longer than `maxEventLength` UTF-16 units.
 * Source: WHATWG HTML, "Server-sent events", 9.2.6 Interpreting an event stream.
 */
export async function* readEvents(chunks: AsyncIterable<Uint8Array>, maxEventLength: number): AsyncGenerator<StreamEvent> {
  let event = "";
  let data: string[] = [];
  let length = 0;
  for await (const line of readLines(chunks, maxEventLength)) {
    if (line === "") {
      if (data.length > 0) yield { event: event === "" ? "message" : event, data: data.join("\n") };
      event = "";
      data = [];
      length = 0;
      continue;
    }
    const { name, value } = readField(line);
    length += value.length;
    if (length > maxEventLength) throw new Error(`Expected events of at most ${maxEventLength} characters`);
    if (name === "event") event = value;
    if (name === "data") data.push(value);
  }
}

/** A comment begins with a colon and so has no name. */
function readField(line: string): { name: string; value: string } {
  const colon = line.indexOf(":");
  if (colon === -1) return { name: line, value: "" };
  const value = line.slice(colon + 1);
  return { name: line.slice(0, colon), value: value.startsWith(" ") ? value.slice(1) : value };
}

/** Lines end with CRLF, LF or CR; a CR at the end of a chunk waits for the next one. */
async function* readLines(chunks: AsyncIterable<Uint8Array>, maxLength: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const text = rest + decoder.decode(chunk, { stream: true });
    const waits = text.endsWith("\r");
    const lines = (waits ? text.slice(0, -1) : text).split(/\r\n|\n|\r/);
    rest = (lines.pop() ?? "") + (waits ? "\r" : "");
    if (rest.length > maxLength) throw new Error(`Expected lines of at most ${maxLength} characters`);
    yield* lines;
  }
}
