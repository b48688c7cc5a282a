import type { Socket } from "node:net";
import type { BodilessRequest } from "../../client-message.ts";
import type { PlainHead } from "./plain-head.ts";

/** A request that was read here and not by Node. */
export class PlainRequest implements BodilessRequest {
  readonly method: string;
  readonly url: string;
  readonly httpVersion = "1.1";
  readonly rawHeaders: string[];
  readonly rawTrailers: string[] = NO_TRAILERS;
  readonly complete = true;
  readonly endsWithHeader = true;
  readonly socket: Socket;

  constructor({ method, url, rawHeaders }: PlainHead, socket: Socket) {
    this.method = method;
    this.url = url;
    this.rawHeaders = rawHeaders;
    this.socket = socket;
  }
}

const NO_TRAILERS: string[] = [];
