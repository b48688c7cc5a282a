import type { HopVerdict, Observer, PeerVerdict } from "../algorithm/observer.ts";
import type { Evidence } from "../header/evidence.ts";
import type { HopReader } from "../header/hop-reader.ts";
import { createHopReader } from "../header/reader.ts";
import { formatWords } from "../ip/format.ts";
import { createHopAddress, readHop } from "../ip/read.ts";
import { escapeText } from "./escape.ts";
import type { Explanation, HopExplanation, PeerExplanation } from "./explanation.ts";
import type { Resolution } from "./resolution.ts";
import { sentencesOf } from "./sentences.ts";

/** Longest part of an element that an explanation shows, in characters. */
const MAX_SHOWN_LENGTH = 128;

/** Takes the walk with somebody watching, and tells what was seen. */
export function explainWalk(
  walk: (evidence: Evidence, observer: Observer) => Resolution,
  evidence: Evidence,
  maxHops: number,
): Explanation {
  const record = createRecord(evidence, maxHops);
  // The resolution is ours alone, so it grows into its explanation, field by field: copying it costs more than the walk.
  const explanation = walk(evidence, record.observer) as Growing;
  record.finish(explanation);
  explanation.sentences = sentencesOf(explanation);
  return explanation;
}

type Growing = { -readonly [Field in keyof Explanation]: Explanation[Field] };

/** A hop as it was seen, while its verdict may still change and its position, which is counted from the right, is not known. */
type SeenHop = { -readonly [Field in keyof HopExplanation]: HopExplanation[Field] };

type SeenHeader = { readonly name: string; readonly reader: HopReader; readonly hops: SeenHop[]; unlisted: number };

function createRecord(evidence: Evidence, maxHops: number) {
  const headers: SeenHeader[] = [];
  let verdict: PeerVerdict = "not-consulted";
  let rule: string | undefined;

  const observer: Observer = {
    peer(newVerdict, newRule) {
      verdict = newVerdict;
      rule = newRule;
    },
    header(name, reader) {
      finishHeader();
      headers.push({ name, reader, hops: [], unlisted: 0 });
    },
    claim(name) {
      const reader = createHopReader(name, "right");
      reader.open(evidence.lines(name.toLowerCase()));
      observer.header(name, reader);
    },
    hop(hopVerdict, hopRule) {
      const header = headers.at(-1);
      if (header === undefined) return;
      if (header.hops.length < maxHops) header.hops.push(seeHop(header, hopVerdict, hopRule));
      else header.unlisted++;
    },
    lastHopIsClient() {
      const last = headers.at(-1)?.hops.findLast((hop) => hop.ip !== null);
      if (last !== undefined) last.verdict = "client";
    },
  };

  /** Lists what the walk did not reach, as far as a header is listed at all, and counts the rest. */
  function finishHeader(): void {
    while (headers.at(-1)?.reader.next()) observer.hop("not-reached");
  }

  return {
    observer,
    finish(into: Growing) {
      finishHeader();
      const hops: HopExplanation[] = [];
      let unlistedHops = 0;
      for (const header of lastReadings(headers)) {
        hops.push(...placeHops(header));
        unlistedHops += header.unlisted;
      }
      into.peer = explainPeer(evidence.peer, verdict, rule);
      into.hops = hops;
      into.unlistedHops = unlistedHops;
    },
  };
}

/** A hop that the walk counted without reading is read here, so that an opaque one says so. */
function seeHop({ name, reader }: SeenHeader, verdict: HopVerdict, rule?: string): SeenHop {
  const text = escapeText(reader.text(), MAX_SHOWN_LENGTH);
  if (!reader.read()) {
    const opaque = verdict === "not-reached" ? verdict : "opaque";
    return { header: name, position: 0, text, ip: null, verdict: opaque, why: reader.whyOpaque() };
  }
  const { words, port, zone } = reader.hop;
  const hop: SeenHop = { header: name, position: 0, text, ip: formatWords(words), verdict };
  if (port !== -1) hop.port = port;
  if (zone !== undefined) hop.zone = escapeText(zone, MAX_SHOWN_LENGTH);
  if (rule !== undefined) hop.rule = rule;
  return hop;
}

/** A header that was read twice (by the algorithm, then by the default algorithm) is shown as it was read last. */
function lastReadings(headers: readonly SeenHeader[]): readonly SeenHeader[] {
  if (headers.length < 2) return headers;
  const lowerName = (header: SeenHeader) => header.name.toLowerCase();
  return headers.filter((header, index) => !headers.slice(index + 1).some((later) => lowerName(later) === lowerName(header)));
}

function placeHops({ reader, hops, unlisted }: SeenHeader): readonly HopExplanation[] {
  const isFromLeft = reader.side === "left";
  if (isFromLeft) hops.reverse();
  let position = isFromLeft ? -unlisted : 0;
  for (const hop of hops) hop.position = --position;
  return hops;
}

function explainPeer(text: string | undefined, verdict: PeerVerdict, rule: string | undefined): PeerExplanation {
  const address = createHopAddress();
  const isAddress = text !== undefined && readHop(text, 0, text.length, address);
  return {
    text: text === undefined ? null : escapeText(text, MAX_SHOWN_LENGTH),
    ip: isAddress ? formatWords(address.words) : null,
    verdict,
    ...(rule === undefined ? undefined : { rule }),
  };
}
