import { type ConfigReading, notationOf, type Passage, policyOf } from "@wherefrom/proxies";
import type { ConfigExamination } from "./examine-configs.ts";

/** An examination as JSON. */
export function configExaminationJson({ readings, ways, disagreements, probe, facts }: ConfigExamination): object {
  return {
    files: readings.map(readingJson),
    ways: ways.map(({ passages, ...way }) => ({ passages: passages.map(({ place, name }) => ({ place, name })), ...way })),
    disagreements,
    probe,
    facts,
  };
}

function readingJson({ passages, ...reading }: ConfigReading): object {
  return { ...reading, kind: reading.kind ?? null, passages: passages.map(passageJson) };
}

function passageJson(passage: Passage): object {
  const policy = passage.kind === "network" ? undefined : policyOf(passage.client);
  return { ...passage, notation: notationOf(passage), ...(policy !== undefined && { policy }) };
}
