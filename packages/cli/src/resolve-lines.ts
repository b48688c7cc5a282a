import { createResolver, escapeText, type Policy, PolicyError, type Providers, type Resolver } from "wherefrom";
import type { LineErrorCode } from "./errors.ts";
import { readEvidenceLine } from "./evidence-line.ts";
import { createLineSplitter } from "./line-splitter.ts";
import { type Output, printableJson } from "./output.ts";
import { isPeerAddress } from "./peer-check.ts";
import { createPolicyCache, type PolicyCache } from "./policy-cache.ts";
import type { Progress } from "./progress.ts";
import { explanationJson, resolutionLine } from "./resolution-json.ts";

const MAX_LINE_BYTES = 1024 * 1024;
const WRITE_AT_CHARS = 64 * 1024;

export type ResolveLinesOptions = {
  readonly input: AsyncIterable<Buffer>;
  readonly output: Output;
  /** For lines that bring no policy of their own. */
  readonly policy: Policy;
  /** The ranges behind `provider:NAME` in the policy of a line. */
  readonly providers: Providers;
  readonly isExplaining: boolean;
  readonly progress: Progress | undefined;
};

/** How many lines there were, and how many of them gave an error and no resolution. */
export type LinesResult = { readonly lines: number; readonly failed: number };

/**
 * Resolves one evidence a line and writes one JSON object a line, in the same order: line n of the output answers line n of the
 * input, and a line that cannot be resolved has `{"error": …}` in its place.
 *
 * It holds one chunk of input and its answers at a time and waits for the reader. It stops early when the reader has left.
 */
export async function resolveLines(options: ResolveLinesOptions): Promise<LinesResult> {
  const answerer = createAnswerer(options);
  const counted = { lines: 0, failed: 0, bytes: 0 };
  let pending: string[] = [];
  let pendingChars = 0;
  const splitter = createLineSplitter({
    maxLineBytes: MAX_LINE_BYTES,
    onLine(line) {
      counted.lines += 1;
      const answer = answerer.answer(line, counted.lines);
      if (answer.isFailed) counted.failed += 1;
      pending.push(answer.json);
      pendingChars += answer.json.length;
    },
  });
  const flush = async (): Promise<void> => {
    if (pending.length === 0) return;
    const text = `${pending.join("\n")}\n`;
    pending = [];
    pendingChars = 0;
    await options.output.write(text);
  };
  for await (const chunk of options.input) {
    // A slice at a time, because tiny lines with long explanations make far more text than they take.
    for (let start = 0; start < chunk.length && !options.output.isClosed(); start += SLICE_BYTES) {
      splitter.push(chunk.subarray(start, start + SLICE_BYTES));
      if (pendingChars >= WRITE_AT_CHARS) await flush();
    }
    await flush();
    counted.bytes += chunk.length;
    options.progress?.report(counted);
    if (options.output.isClosed()) break;
  }
  options.progress?.end();
  // What is left when the reader has gone is the front of a line, and nobody asks about it any more.
  if (!options.output.isClosed()) splitter.end();
  await flush();
  return counted;
}

const SLICE_BYTES = 16 * 1024;

type Answer = { readonly json: string; readonly isFailed: boolean };
type Answerer = { answer(line: string | undefined, number: number): Answer };

function createAnswerer({ policy, providers, isExplaining }: Pick<ResolveLinesOptions, "policy" | "providers" | "isExplaining">): Answerer {
  const ownResolver = createResolver(policy);
  const cache = createPolicyCache(providers);
  let lastPeer: string | undefined;
  return {
    answer(line, number) {
      if (line === undefined)
        return failed({ line: number, code: "RESOLVE_LINE_TOO_LONG", message: `Expected at most ${MAX_LINE_BYTES} bytes` });
      const read = readEvidenceLine(line);
      if (read.kind === "fault") return failed({ line: number, code: read.code, message: read.message });
      const { peer } = read.evidence;
      if (peer !== undefined && peer !== lastPeer && !isPeerAddress(peer)) {
        return failed({
          line: number,
          code: "RESOLVE_PEER_INVALID",
          message: `/peer: expected an IP address, given '${escapeText(peer, 80)}'`,
        });
      }
      lastPeer = peer;
      const chosen = chooseResolver(read.policy, { ownResolver, cache });
      if (chosen.kind === "refused")
        return failed({ line: number, code: chosen.error.code, message: "The policy is refused", issues: chosen.error.issues });
      // What resolve writes is ASCII by its nature; an explanation quotes the request.
      if (isExplaining) return { json: printableJson(explanationJson(chosen.resolver.explain(read.evidence))), isFailed: false };
      return { json: resolutionLine(chosen.resolver.resolve(read.evidence)), isFailed: false };
    },
  };
}

type Chosen = { readonly kind: "resolver"; readonly resolver: Resolver } | { readonly kind: "refused"; readonly error: PolicyError };

function chooseResolver(policy: unknown, { ownResolver, cache }: { ownResolver: Resolver; cache: PolicyCache }): Chosen {
  if (policy === undefined) return { kind: "resolver", resolver: ownResolver };
  try {
    return { kind: "resolver", resolver: cache.resolverOf(policy) };
  } catch (error) {
    if (error instanceof PolicyError) return { kind: "refused", error };
    throw error;
  }
}

type LineError = { readonly line: number; readonly code: LineErrorCode; readonly message: string; readonly issues?: PolicyError["issues"] };

function failed({ code, message, line, issues }: LineError): Answer {
  return { json: printableJson({ error: { code, message, line, issues } }), isFailed: true };
}
