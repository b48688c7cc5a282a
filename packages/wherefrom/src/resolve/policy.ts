import type { AlgorithmConfiguration } from "../algorithm/configuration.ts";

/**
 * What happens when the algorithm rejects. `DEFAULT`: the default algorithm. `PEER`: the peer's address. `REJECT`: no address.
 */
export type Fallback = "DEFAULT" | "PEER" | "REJECT";

/** A validated `clientIpResolutionConfig`. Made by `parsePolicy` and by nothing else. */
export type Policy = {
  readonly algorithm: AlgorithmConfiguration;
  readonly fallback: Fallback;
  /** Length of the network that IPv6 addresses are grouped by in `key`, in bits. */
  readonly ipv6GroupPrefix: number;
};
