import type { FieldReason, ProbeAnswer, Prober } from "@wherefrom/control";
import { factsOfPath, type LookUp, learnPath, ProbeError, proposePolicy, type Reach, readForeignTarget, runProbe } from "@wherefrom/doctor";

/** How long one answer may take. Shorter than a probe of one's own: somebody waits, and others want to ask, too. */
const ANSWER_TIMEOUT_MS = 2_000;
const PAUSE_MS = 20;

/** Makes what sends a control's probes: the doctor's own, kept within reach. */
export function createProber(reach: Reach, lookUp?: LookUp): Prober {
  return async ({ url: text, rounds, expected, signal }) => {
    const target = readForeignTarget(text);
    if (target.kind === "refused") return { kind: "refused", code: "PROBE_URL_REFUSED" satisfies FieldReason, expected: target.expected };
    try {
      const run = await runProbe({
        url: target.url,
        rounds,
        transports: ["http", "websocket"],
        families: [4, 6],
        timeoutMs: ANSWER_TIMEOUT_MS,
        pauseMs: PAUSE_MS,
        reach,
        signal,
        ...(lookUp && { lookUp }),
        ...(expected !== undefined && { told: { expected } }),
      });
      const path = learnPath(run);
      return { kind: "probed", facts: factsOfPath(path, run), counts: path.counts, proposal: proposePolicy(path, run) };
    } catch (error) {
      return refusalOf(error);
    }
  };
}

function refusalOf(error: unknown): ProbeAnswer {
  if (!(error instanceof ProbeError)) throw error;
  switch (error.code) {
    case "PROBE_OUT_OF_REACH":
      return { kind: "refused", code: error.code, expected: "a name or an address that control may send probes to" };
    case "PROBE_STOPPED":
      return { kind: "refused", code: error.code, expected: "an echo that answers in time" };
    case "PROBE_NO_ADDRESS":
    case "PROBE_NO_ANSWER":
      throw error;
  }
}
