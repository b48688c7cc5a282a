import type { Prober } from "@wherefrom/control";
import type { Reach } from "@wherefrom/doctor";
import { InvalidArgumentError, type Option } from "commander";
import { type Prefix, parsePrefix } from "wherefrom";
import { valueOption } from "./option-values.ts";

export type ProbeToFlag = { readonly probeTo?: Reach };

/** The switch that lets control send probes, and says where to. */
export function probeToOption(): Option {
  return valueOption(
    "--probe-to <networks>",
    "where control may send probes that others ask it for: public, or a CIDR; repeat it, or separate by commas; without it nowhere",
    "WHEREFROM_PROBE_TO",
  ).argParser(collectReach);
}

/** What answers for probes of a control, when it may send some. */
export async function openProber({ probeTo }: ProbeToFlag): Promise<{ readonly prober?: Prober }> {
  if (probeTo === undefined) return {};
  const { createProber } = await import("./prober.ts");
  return { prober: createProber(probeTo) };
}

function collectReach(text: string, earlier: Reach = { isPublic: false, networks: [] }): Reach {
  const entries = text.split(",").map((entry) => entry.trim());
  const networks = entries.filter((entry) => entry !== "public").map(parseNetwork);
  return { isPublic: earlier.isPublic || entries.includes("public"), networks: [...earlier.networks, ...networks] };
}

function parseNetwork(text: string): Prefix {
  const reading = parsePrefix(text);
  switch (reading.kind) {
    case "prefix":
      if (reading.prefix.length === 0) throw new InvalidArgumentError("Expected a network that is not everything: public is the internet.");
      return reading.prefix;
    case "host-bits-set":
      throw new InvalidArgumentError(`Expected a network without bits behind its length, such as ${reading.suggestion}.`);
    case "not-a-prefix":
      throw new InvalidArgumentError("Expected public, or a network such as 192.0.2.0/24.");
  }
}
