import { createLineReader, type LogFormat } from "../../src/access-log/format/log-format.ts";
import { createLogEvidence } from "../../src/access-log/tally/log-evidence.ts";

/** What a line says: who it is from, and what else is read of it. `undefined` where it is none of the format. */
export type Said = {
  readonly peer: string | undefined;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly status: number;
  readonly time?: string;
  readonly preamble?: number;
};

/** Reads one line. Headers that were not sent are left out. */
export function sayLine(format: LogFormat, text: string | Buffer): Said | undefined {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  const reader = createLineReader(format, new Set());
  if (!reader.read(bytes, 0, bytes.length)) return undefined;
  const evidence = createLogEvidence(reader.evidence, reader.escapeStyle);
  evidence.read({ ...reader.line, text: reader.line.source.toString("latin1") });
  const names = reader.evidence.flatMap((role) => (role.kind === "header" || role.kind === "capture" ? [role.name] : []));
  const { status, time, preamble } = reader.line;
  return {
    peer: evidence.peer,
    headers: Object.fromEntries(
      names.map((name) => [name, evidence.lines(name)]).filter(([, lines]) => (lines as readonly string[]).length > 0),
    ) as Said["headers"],
    status,
    ...(!Number.isNaN(time) && { time: new Date(time).toISOString() }),
    ...(preamble !== 0 && { preamble }),
  };
}
