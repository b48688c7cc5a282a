import { flowVariables } from "@wherefrom/model";
import type { Explanation } from "wherefrom";
import type { Exchange } from "../exchange.ts";

/** How many values of one header are told one by one. */
const maxValues = 8;

/** How much of the explanation is told: hops and sentences from the front, header variables or none. */
type Extent = { readonly hops: number; readonly withHeaders: boolean };

/**
 * The explanation and the flow variables for a target that shows them: base64url of JSON. For diagnosis; the target must not decide by it.
 *
 * Shape: at most `maxBytes` long. First the variables of headers are left out, then the hops further left, half of them at a time; those count as
 *        `unlistedHops`. Empty when even the resolution is too long.
 */
export function explanationValue(exchange: Exchange, maxBytes: number): string {
  const explanation = exchange.explanation();
  if (explanation === undefined) return "";
  let extent: Extent = { hops: explanation.hops.length, withHeaders: true };
  let value = encode(exchange, shorten(explanation, extent), extent);
  while (value.length > maxBytes && (extent.withHeaders || extent.hops > 0)) {
    extent = extent.withHeaders ? { ...extent, withHeaders: false } : { ...extent, hops: extent.hops >> 1 };
    value = encode(exchange, shorten(explanation, extent), extent);
  }
  return value.length > maxBytes ? "" : value;
}

function shorten(explanation: Explanation, { hops }: Extent): Explanation {
  if (hops === explanation.hops.length) return explanation;
  return {
    ...explanation,
    hops: explanation.hops.slice(0, hops),
    unlistedHops: explanation.unlistedHops + explanation.hops.length - hops,
    sentences: explanation.sentences.slice(0, hops + 1),
  };
}

function encode(exchange: Exchange, explanation: Explanation, { withHeaders }: Extent): string {
  const { evidence, resolution } = exchange;
  if (evidence === undefined || resolution === undefined) return "";
  const headers = withHeaders ? headersToTell(explanation) : [];
  const variables = flowVariables({ evidence, resolution }, { headers, maxValues });
  return Buffer.from(JSON.stringify({ explanation, flowVariables: variables })).toString("base64url");
}

/** X-Forwarded-For, which everybody asks for, and what was read, in the spelling of the policy. */
function headersToTell(explanation: Explanation): string[] {
  const names = new Map([["x-forwarded-for", "X-Forwarded-For"]]);
  for (const { header } of explanation.hops) if (!names.has(header.toLowerCase())) names.set(header.toLowerCase(), header);
  return [...names.values()];
}
