import { createReadStream } from "node:fs";
import type { HeaderField } from "wherefrom";
import { CliError } from "./errors.ts";
import { readEvidenceLine } from "./evidence-line.ts";
import { createLineSplitter } from "./line-splitter.ts";
import { printable } from "./output.ts";
import { readInput } from "./standard-input.ts";

/** A request as the API takes it. */
export type EvidenceRequest = { readonly peer: string | null; readonly headers: readonly HeaderField[] };

const MAX_LINE_BYTES = 1024 * 1024;
const MAX_BATCH_REQUESTS = 10_000;
const MAX_BATCH_BYTES = 8 * 1024 * 1024;
const MAX_TOLD_FAULTS = 20;
const STANDARD_INPUT = "-";

/**
 * Reads requests, one JSON object a line, in batches that fit the API. Memory holds one batch, however long the file is.
 *
 * Errors: `CliError` EVIDENCE_UNREADABLE; EVIDENCE_INVALID at the end, with the first faulty lines and their number. No batch is given
 * any more once a line was faulty.
 */
export async function* readEvidence(file: string): AsyncGenerator<readonly EvidenceRequest[]> {
  const faults: string[] = [];
  let [line, faulty, bytes] = [0, 0, 0];
  let batch: EvidenceRequest[] = [];
  const splitter = createLineSplitter({
    maxLineBytes: MAX_LINE_BYTES,
    onLine(text) {
      line += 1;
      const read = text === undefined ? tooLong : readEvidenceLine(text);
      if (read.kind === "fault") {
        faulty += 1;
        if (faults.length < MAX_TOLD_FAULTS) faults.push(`line ${line}: ${read.message}`);
        return;
      }
      batch.push({ peer: read.evidence.peer ?? null, headers: read.headers });
      bytes += text?.length ?? 0;
    },
  });
  const take = (): readonly EvidenceRequest[] => {
    const taken = batch;
    [batch, bytes] = [[], 0];
    return faulty === 0 ? taken : [];
  };
  for await (const chunk of chunksOf(file)) {
    splitter.push(chunk);
    while (batch.length >= MAX_BATCH_REQUESTS || bytes >= MAX_BATCH_BYTES) yield take();
  }
  splitter.end();
  if (faulty > 0) throw invalid(file, { faults, faulty });
  yield take();
}

const tooLong = { kind: "fault", message: `Expected at most ${MAX_LINE_BYTES} bytes` } as const;

async function* chunksOf(file: string): AsyncGenerator<Buffer> {
  if (file === STANDARD_INPUT) return yield* readInput();
  try {
    yield* createReadStream(file) as AsyncIterable<Buffer>;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError("EVIDENCE_UNREADABLE", printable(`Cannot read the evidence ${file}: ${why}`), { cause: error });
  }
}

function invalid(file: string, { faults, faulty }: { readonly faults: readonly string[]; readonly faulty: number }): CliError {
  const rest = faulty > faults.length ? [`and ${faulty - faults.length} more`] : [];
  const lines = [`The evidence ${file} has faulty lines: ${faulty}`, ...faults, ...rest];
  return new CliError("EVIDENCE_INVALID", lines.map(printable).join("\n  "));
}
