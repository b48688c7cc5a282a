import { randomBytes } from "node:crypto";
import { linesOf } from "../echo/observation.ts";
import type { Leg } from "../path/leg.ts";
import type { Destination } from "../probe/dial.ts";
import { type RawAnswer, sendBytes } from "./raw-answer.ts";
import type { Signature } from "./signature.ts";

const XFF = "X-Forwarded-For";
const FOLDED = ["192.0.2.81", "192.0.2.82"] as const;
const IN_TRAILER = "192.0.2.91";
const MANY = 1_200;

/**
 * Learns the signature of the path behind a probe's leg. It sends requests that are malformed on purpose, each over a connection of its own: only to systems of whoever asks.
 */
export async function learnSignature(leg: Leg, destination: Destination): Promise<Signature> {
  const ask = (lines: readonly string[], body = ""): Promise<RawAnswer> => sendBytes(requestOf({ destination, lines, body }), destination);
  const [close, upgrade] = ["Connection: close", "Connection: Upgrade"];
  const chunked = "Transfer-Encoding: chunked";
  return {
    ...chainColumns(leg),
    folded: folded(await ask([close, `${XFF}: ${FOLDED[0]},\r\n ${FOLDED[1]}`])),
    h2c: upgraded(await ask(["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"])),
    badVersion: badVersion(
      await ask([upgrade, "Upgrade: websocket", "Sec-WebSocket-Version: 99", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]),
    ),
    lengthAndChunks: framed(await ask([close, "Content-Length: 5", chunked], "0\r\n\r\n")),
    trailer: trailed(await ask([close, chunked, `Trailer: ${XFF}`], `0\r\n${XFF}: ${IN_TRAILER}\r\n\r\n`)),
    twoHosts: hosted(await ask([close, "Host: second.example"]), destination.url.host),
    version09: unversioned(await sendBytes(`GET ${targetOf(destination)}\r\n`, destination)),
    manyFields: counted(await ask([close, ...Array<string>(MANY).fill("a: 1")])),
  };
}

function targetOf({ url }: Destination): string {
  return `${url.pathname.replace(/\/+$/, "")}/${randomBytes(12).toString("hex")}`;
}

/** `Host` is the first line, so that a second one is a second one. */
function requestOf({ destination, lines, body }: { destination: Destination; lines: readonly string[]; body: string }): string {
  return `${[`GET ${targetOf(destination)} HTTP/1.1`, `Host: ${destination.url.host}`, ...lines].join("\r\n")}\r\n\r\n${body}`;
}

function chainColumns({ chain, lines, hopByHop, alias }: Leg): Pick<Signature, "canary" | "twoLines" | "hopByHop" | "alias"> {
  const kept = chain !== undefined && chain.lines > 1 ? "new-line" : "appended";
  return {
    canary: chain === undefined ? "unknown" : chain.fate === "kept-left" ? kept : chain.fate,
    twoLines: lines ?? "unknown",
    hopByHop: hopByHop ?? "unknown",
    alias: alias ?? "unknown",
  };
}

/** A refusal by the service, or by somebody before it: a connection that is closed without a word is one, too. */
function notObserved({ byEcho }: RawAnswer): "refused" | "forwarded" {
  return byEcho ? "forwarded" : "refused";
}

function folded(answer: RawAnswer): Signature["folded"] {
  if (answer.observation === undefined) return notObserved(answer);
  const text = linesOf(answer.observation.headers, "x-forwarded-for").join(",");
  return text.includes(FOLDED[0]) && text.includes(FOLDED[1]) ? "unfolded" : "overwritten";
}

function upgraded({ status, byEcho, observation }: RawAnswer): Signature["h2c"] {
  if (observation !== undefined) return "ignored";
  if (status === 101) return "answered";
  return byEcho ? "forwarded" : "refused";
}

function badVersion({ byEcho, observation }: RawAnswer): Signature["badVersion"] {
  if (observation !== undefined) return "ignored";
  return byEcho ? "forwarded" : "refused";
}

function framed(answer: RawAnswer): Signature["lengthAndChunks"] {
  if (answer.observation === undefined) return notObserved(answer);
  const { headers } = answer.observation;
  if (linesOf(headers, "transfer-encoding").length > 0) return "chunked";
  return linesOf(headers, "content-length").length > 0 ? "length" : "neither";
}

function trailed(answer: RawAnswer): Signature["trailer"] {
  if (answer.observation === undefined) return answer.byEcho ? "unknown" : "refused";
  const { headers, trailers } = answer.observation;
  if (trailers.some(([, value]) => value.includes(IN_TRAILER))) return "forwarded";
  return headers.some(([, value]) => value.includes(IN_TRAILER)) ? "merged" : "dropped";
}

function hosted(answer: RawAnswer, first: string): Signature["twoHosts"] {
  if (answer.observation === undefined) return answer.byEcho ? "unknown" : "refused";
  const hosts = linesOf(answer.observation.headers, "host");
  if (hosts.length > 1) return "both";
  if (hosts[0] === first) return "first";
  return hosts[0] === "second.example" ? "last" : "replaced";
}

function unversioned({ observation }: RawAnswer): Signature["version09"] {
  if (observation === undefined) return "refused";
  return observation.httpVersion === "1.0" ? "as-1.0" : "as-1.1";
}

function counted({ observation, byEcho }: RawAnswer): Signature["manyFields"] {
  if (observation === undefined) return byEcho ? "unknown" : "refused";
  return linesOf(observation.headers, "a").length === MANY ? "all" : "fewer";
}
