import { claimsClient } from "@wherefrom/model";
import { createResolver, parsePolicy, type Resolver } from "wherefrom";
import { evidenceOf } from "wherefrom/node";
import type { Exchange } from "../exchange.ts";
import type { FramingFields } from "./framing.ts";

/**
 * What speaks against a header as evidence of the client, though all read it alike. It is told and changes nothing: what is named in Connection counts all the same, and of two
 * chains the one that the policy names.
 */
export const headerDoubts = ["client-header-in-connection", "chains-disagree"] as const;
export type HeaderDoubt = (typeof headerDoubts)[number];

type DoubtContext = { readonly fields: FramingFields; readonly onDoubt: (doubt: HeaderDoubt) => void };

/** Looks for them. Costs next to nothing for a request that names no field in Connection and has no Forwarded. */
export function findDoubts(exchange: Exchange, { fields, onDoubt }: DoubtContext): void {
  if (fields.connection.length > LONGEST_USUAL && namesClientHeader(fields.connection)) onDoubt("client-header-in-connection");
  if (fields.forwardeds > 0 && doChainsDisagree(exchange)) onDoubt("chains-disagree");
}

const LONGEST_USUAL = "keep-alive".length;

function namesClientHeader(connection: string): boolean {
  return connection.split(",").some((option) => claimsClient(option.trim().toLowerCase()));
}

/** Whether the last proxy has said two things: the hops nearest to the gateway are two addresses. */
function doChainsDisagree({ request, connection }: Exchange): boolean {
  const evidence = evidenceOf(request, { peer: connection.peer });
  const [one, other] = [lastOfForwarded(evidence), lastOfList(evidence)];
  return one.outcome === "resolved" && other.outcome === "resolved" && one.ip !== other.ip;
}

const lastOfForwarded = lastHopOf("Forwarded");
const lastOfList = lastHopOf("X-Forwarded-For");

function lastHopOf(ipHeaderName: string): Resolver["resolve"] {
  return createResolver(parsePolicy({ headerIndexAlgorithm: { ipHeaderName, ipHeaderIndex: -1 } })).resolve;
}
