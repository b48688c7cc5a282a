import { readFraming } from "../accept/framing.ts";
import type { ClientRequest } from "../client-message.ts";
import { Exchange } from "../exchange.ts";
import { closingFault, type Fault, fault } from "../fault.ts";
import { faulted, NEXT, type Verdict } from "../verdict.ts";
import { contractOf, contracts, type Original } from "./contract.ts";
import { DecisionResponse } from "./decision-response.ts";

const untrusted = closingFault(403, { code: "DECISION_PEER_REFUSED", message: "This peer is none of those that may ask for a decision" });

/**
 * The only phase of an engine's own request: makes an exchange of the request that the engine asks about, whose answer becomes the answer here. Nothing of
 * what the client sent is judged yet.
 */
export function ask(exchange: Exchange): Verdict {
  const { request, response, connection, snapshot, startedAtMs } = exchange;
  if (connection.isEngine?.(connection.peer) !== true) return faulted(untrusted);
  // What came with a body, or waits to be asked for one, is no request of the kind that is meant here: after it the connection is of no use.
  if (mayHaveBody(exchange)) response.shouldKeepAlive = false;
  const decision = contractOf(request.url ?? "");
  if (decision === undefined)
    return faulted(
      unclear(
        `a path of ${Object.values(contracts)
          .map(({ path }) => path)
          .join(", ")}`,
      ),
    );
  const reading = contracts[decision].read(request);
  if (reading.kind === "unclear") return faulted(unclear(reading.expected));
  const { original } = reading;
  const peer = original.peer === UNIX ? undefined : original.peer;
  if (peer !== undefined && snapshot.peers.resolve({ peer, lines: () => [] }).ip === null)
    return faulted(unclear("an address or unix: as the peer"));
  exchange.asked = new Exchange(requestOf(original, request), {
    decision,
    connection: { peer, isEncrypted: false },
    response: new DecisionResponse(response, contracts[decision]),
    snapshot,
    startedAtMs,
  });
  return NEXT;
}

/** A peer without an address, as nginx says it too. */
const UNIX = "unix:";

/** An engine that asks wrongly is not the client's fault, and no engine lets a request through after it. */
function unclear(expected: string): Fault {
  return fault(500, { code: "DECISION_REQUEST_INVALID", message: `The engine's request cannot be used: expected ${expected}` });
}

function mayHaveBody({ request, expectsContinue }: Exchange): boolean {
  const { contentLengths, contentLength, transferEncodings } = readFraming(request.rawHeaders);
  return expectsContinue || transferEncodings > 0 || (contentLengths > 0 && contentLength !== "0");
}

/** Fields about the connection between the engine and here. The client's own were the engine's to judge. */
const OF_CONNECTION: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "content-length",
  "upgrade",
  "http2-settings",
  "expect",
]);

/** The original as the phases read a request: its header as the client sent it, and no body. */
function requestOf({ method, host, uri, fields }: Original, { socket }: ClientRequest): ClientRequest {
  const rawHeaders = host === undefined ? [] : ["Host", host];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = fields[index] ?? "";
    if (!OF_CONNECTION.has(name.toLowerCase())) rawHeaders.push(name, fields[index + 1] ?? "");
  }
  const httpVersion = host === undefined ? "1.0" : "1.1";
  return { method, url: uri, httpVersion, rawHeaders, rawTrailers: [], complete: true, endsWithHeader: true, socket };
}
