import type { FactValue } from "@wherefrom/diagnosis";

/** A probe that somebody asks control for. */
export type ProbeRequest = {
  /** Of an echo, as it was given: not judged. */
  readonly url: string;
  readonly rounds: number;
  /** The address that the URL is meant to lead to. */
  readonly expected?: string;
  readonly signal: AbortSignal;
};

/** What came of it. `refused`: the URL is none that a probe may go to, or it did not end in time; the code says which. */
export type ProbeAnswer =
  | { readonly kind: "probed"; readonly facts: Readonly<Record<string, FactValue>>; readonly counts: object; readonly proposal: object }
  | { readonly kind: "refused"; readonly code: string; readonly expected: string };

/**
 * Sends a probe from this host. Whoever opens a control gives it one, or none: then control sends nothing to anybody.
 *
 * It answers for where the probe goes. The URL is chosen by somebody who may ask the API and not connect from here, and so may be one that leads into the
 * networks of this host, by a name that changes its address between two look-ups, by a redirect, or by an address that carries another.
 */
export type Prober = (request: ProbeRequest) => Promise<ProbeAnswer>;

/** A prober, and how many probes it has under way. */
export type Probing = { readonly probe: Prober; underWay: number };
