import { type ChosenFormat, chooseFormat, type FormatOptions } from "../format/choose-format.ts";
import { LOG_LIMITS } from "../limits.ts";
import type { LogTally } from "../tally/log-tally.ts";
import { isGzipped } from "./open-logs.ts";
import type { ScanPlan } from "./scan-plan.ts";
import { createScan, gunzipped, type ScanWatch } from "./scan-units.ts";

/** The pieces of a stream until a signal says to stop, also while nothing comes. */
export async function* untilAborted(bytes: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
  const iterator = bytes[Symbol.asyncIterator]();
  let wake: () => void = () => undefined;
  signal.addEventListener("abort", () => wake(), { once: true });
  while (!signal.aborted) {
    // not a race with one promise for all pieces: that would keep every piece until the end
    const next = await new Promise<IteratorResult<Buffer> | undefined>((resolve, reject) => {
      wake = () => resolve(undefined);
      iterator.next().then(resolve, reject);
    });
    if (next === undefined || next.done === true) return;
    yield next.value;
  }
}

export type StreamOptions = {
  /** What a report calls it. */
  readonly name: string;
  readonly formats: FormatOptions;
  readonly planFor: (chosen: ChosenFormat) => ScanPlan;
  readonly watch: ScanWatch;
};

/** Scans a stream, plain or gzipped: its format is told by its first bytes, which are kept until then. Errors: those of `chooseFormat`. */
export async function scanStream(
  bytes: AsyncIterable<Buffer>,
  { name, formats, planFor, watch }: StreamOptions,
): Promise<{ readonly chosen: ChosenFormat; readonly tally: LogTally }> {
  let cutOff = 0;
  const onCutOff = (): void => {
    cutOff++;
  };
  const packed = await withHead(bytes, 2);
  const plain = isGzipped(packed.head)
    ? await withHead(gunzipped(packed.all(), { onCutOff }), LOG_LIMITS.maxDetectBytes)
    : await withHead(packed.all(), LOG_LIMITS.maxDetectBytes);
  const chosen = chooseFormat(plain.head, { path: name, ...formats });
  const scan = createScan(planFor(chosen), watch);
  await scan.stream(plain.all(), { index: 0, format: chosen.format });
  const tally = scan.finish();
  tally.cutOff += cutOff;
  return { chosen, tally };
}

/** The first bytes of a stream, and the whole of it. */
async function withHead(bytes: AsyncIterable<Buffer>, wanted: number): Promise<{ readonly head: Buffer; all(): AsyncGenerator<Buffer> }> {
  const iterator = bytes[Symbol.asyncIterator]();
  const pieces: Buffer[] = [];
  let length = 0;
  while (length < wanted) {
    const next = await iterator.next();
    if (next.done === true) break;
    pieces.push(next.value);
    length += next.value.length;
  }
  const head = Buffer.concat(pieces);
  return {
    head: head.subarray(0, wanted),
    async *all() {
      yield head;
      yield* { [Symbol.asyncIterator]: () => iterator };
    },
  };
}
