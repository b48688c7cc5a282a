import { Readable } from "node:stream";
import type { ClientRequest } from "../client-message.ts";
import type { Exchange } from "../exchange.ts";

/** Whether a request has a body, by its framing (RFC 9112 §6.3, RFC 9113 §8.1). */
export function hasBody({ headers, endsWithHeader }: ClientRequest): boolean {
  if (endsWithHeader !== undefined) return !endsWithHeader;
  if (headers["transfer-encoding"] !== undefined) return true;
  const length = headers["content-length"];
  return length !== undefined && Number(length) > 0;
}

/**
 * The body of a request for sending on, read only as fast as it is taken.
 *
 * Not the request itself: undici destroys what it was given when a target fails, and with a Node request goes the client's connection, before
 * anybody could be told. Destroying this stream only makes the rest of the body be read and dropped. It fails when the client leaves half-way.
 */
export function bodyOf(exchange: Exchange): Readable {
  const { request } = exchange;
  const body = new Readable({
    read() {
      request.resume();
    },
    destroy(error, callback) {
      request.off("data", onData);
      request.off("end", onEnd);
      request.off("close", onClose);
      request.resume();
      callback(error);
    },
  });
  const onData = (chunk: Buffer): void => {
    exchange.requestBytes += chunk.length;
    if (!body.push(chunk)) request.pause();
  };
  const onEnd = (): void => {
    body.push(null);
  };
  const onClose = (): void => {
    if (!request.complete) body.destroy(new Error("The client left before its body was complete"));
  };
  request.pause();
  request.on("data", onData);
  request.once("end", onEnd);
  request.once("close", onClose);
  return body;
}
