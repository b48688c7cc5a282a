import type { Limits } from "../header/limits.ts";
import type { Algorithm } from "./algorithm.ts";
import type { AlgorithmConfiguration, EntranceConfiguration } from "./configuration.ts";
import { createDefault } from "./default.ts";
import { createFirstMatch } from "./first-match.ts";
import { createHeaderIndex } from "./header-index.ts";
import { createPeerAddress } from "./peer-address.ts";
import type { Peer } from "./request.ts";
import { createSingleHeader } from "./single-header.ts";
import { createTrustedProxies } from "./trusted-proxies.ts";

/** Gives the algorithm that decides for a peer. Always the same one, unless several entrances are configured. */
export type ChooseAlgorithm = (peer: Peer) => Algorithm;

/** Makes a configured algorithm ready to run. The only list of algorithms. */
export function chooserOf(configuration: AlgorithmConfiguration, limits: Limits): ChooseAlgorithm {
  if (configuration.kind === "first-match") {
    return createFirstMatch(configuration.algorithms.map((entrance) => createAlgorithm(entrance, limits))).choose;
  }
  const algorithm = createAlgorithm(configuration, limits);
  return () => algorithm;
}

function createAlgorithm(configuration: EntranceConfiguration | { readonly kind: "default" }, limits: Limits): Algorithm {
  switch (configuration.kind) {
    case "header-index":
      return createHeaderIndex(configuration, limits);
    case "trusted-proxies":
      return createTrustedProxies(configuration, limits);
    case "single-header":
      return createSingleHeader(configuration, limits);
    case "peer-address":
      return createPeerAddress();
    case "default":
      return createDefault(limits);
  }
}
