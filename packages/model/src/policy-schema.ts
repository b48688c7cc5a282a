import { z } from "zod";

const FALLBACKS = ["DEFAULT", "PEER", "REJECT"] as const;

const headerName = z.string().describe("Name of the header, in any case");
const trustedPeers = z
  .array(z.string())
  .describe(
    "Networks such as 10.0.0.0/8, provider:NAME, or unix: for a peer without an address. A request from any other peer is not believed",
  );
const allowTrustEveryone = z.boolean().optional().describe("Permits a network of length 0 in the list");

/**
 * What a `clientIpResolutionConfig` looks like: Apigee's object and our superset of it, for documents and clients. Not a judge of
 * policies: that is `parsePolicy` of the library, which knows more and says it better. A test holds the two together.
 *
 * `owner` is the message that the policy stands in; Apigee names the schemas inside after it.
 */
export function policySchema(owner: string): z.ZodType<Record<string, unknown>, unknown> {
  const id = `${owner}ClientIPResolutionConfig`;
  const algorithms = {
    headerIndexAlgorithm: z
      .strictObject({
        ipHeaderName: headerName,
        ipHeaderIndex: z.int32().meta({ format: "int32" }).optional().describe("0 is the leftmost hop, -1 the rightmost. Absent: 0"),
        trustedPeers: trustedPeers.optional(),
        allowTrustEveryone,
      })
      .meta({ id: `${id}HeaderIndexAlgorithm` })
      .optional()
      .describe("The client is the hop at an index of a header"),
    trustedProxiesAlgorithm: z
      .strictObject({
        ipHeaderName: z.enum(["X-Forwarded-For", "Forwarded"]).describe("The header that trusted proxies add to"),
        trustedProxies: z.array(z.string()).describe("The proxies: networks, provider:NAME, or unix:"),
        allowTrustEveryone,
      })
      .meta({ id: `${id}TrustedProxiesAlgorithm` })
      .optional()
      .describe("The client is the first hop, from the peer to the left, that is no trusted proxy"),
    singleHeaderAlgorithm: z
      .strictObject({ ipHeaderName: headerName, trustedPeers, allowTrustEveryone })
      .meta({ id: `${id}SingleHeaderAlgorithm` })
      .optional()
      .describe("The client is the one address in a header that an edge overwrites"),
    peerAddressAlgorithm: z
      .strictObject({})
      .meta({ id: `${id}PeerAddressAlgorithm` })
      .optional()
      .describe("The client is the peer"),
  };
  const entrance = z.strictObject(algorithms).meta({ id: `${id}Entrance` });
  const firstMatch = z
    .strictObject({ algorithms: z.array(entrance).describe("In the order in which they are asked") })
    .meta({ id: `${id}FirstMatchAlgorithm` });
  return z
    .strictObject({
      ...algorithms,
      firstMatchAlgorithm: firstMatch.optional().describe("The first algorithm whose peer gate matches decides"),
      fallback: z.enum(FALLBACKS).optional().describe("What happens when the algorithm gives no address"),
      ipv6GroupPrefix: z
        .int()
        .meta({ format: "int32" })
        .optional()
        .describe("Length of the IPv6 network that `key` is made of; 64 unless it is given"),
    })
    .meta({ id });
}
