import { STATUS_CODES } from "node:http";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from "node:http2";
import { Deadline } from "../../deadline.ts";
import { fieldsByName } from "../../http2-fields.ts";
import type { GatewayLimits } from "../../limits.ts";
import { requestTrailers, takesTrailers } from "../trailers.ts";
import { upstreamError } from "../upstream-error.ts";
import type { AnswerHandler, Outgoing } from "./outgoing.ts";
import { SendingLimit } from "./sending-limit.ts";

type Http2RequestContext = {
  readonly outgoing: Outgoing;
  readonly handler: AnswerHandler;
  readonly limits: GatewayLimits;
  /** Called once. In doubt is a connection on which a request got no answer in time: it may lead nowhere. */
  readonly whenOver: (isConnectionInDoubt: boolean) => void;
};

/**
 * Sends one request as a stream of an HTTP/2 connection.
 *
 * Errors: a stream that the target says it has not looked at (REFUSED_STREAM) fails as one that can be sent elsewhere, whatever its method.
 * Source: RFC 9113 §8.1, §8.3.1, §8.7.
 */
export function sendOverHttp2(session: ClientHttp2Session, context: Http2RequestContext): void {
  const { outgoing, handler, whenOver } = context;
  try {
    const stream = session.request(http2Fields(outgoing), {
      endStream: outgoing.body === null,
      waitForTrailers: outgoing.body !== null,
    });
    new Http2Request(stream, context).begin();
  } catch (error) {
    whenOver(false);
    handler.onError(error as Error);
  }
}

type AnswerFields = IncomingHttpHeaders & IncomingHttpStatusHeader;

const CONTINUE = 100;

/** One stream. It owns it from the request to the last byte of the answer. */
class Http2Request {
  readonly #stream: ClientHttp2Stream;
  readonly #context: Http2RequestContext;
  readonly #limit: SendingLimit;
  #silence: Deadline | undefined;
  #trailers: string[] | null = null;
  #failure: Error | undefined;
  #isSending = false;
  #isInDoubt = false;
  #hasAnswer = false;
  #hasEnded = false;
  #isComplete = false;

  constructor(stream: ClientHttp2Stream, context: Http2RequestContext) {
    this.#stream = stream;
    this.#context = context;
    const { outgoing, limits } = context;
    this.#limit = new SendingLimit({
      outgoing,
      limits,
      hasUntaken: () => stream.writableLength > 0,
      onLate: (error) => this.#isTooLate(error),
    });
  }

  begin(): void {
    const stream = this.#stream;
    this.#watchEnd();
    // Node hands over the fields as they came, after what it made of them.
    stream.on("headers", (fields: AnswerFields, _flags: number, ...[raw]: unknown[]) => this.#onInterim(fields, raw));
    stream.once("response", (fields: AnswerFields, _flags: number, ...[raw]: unknown[]) => this.#onResponse(fields, raw));
    stream.once("trailers", (_fields: IncomingHttpHeaders, _flags: number, ...[raw]: unknown[]) => {
      this.#trailers = realFields(raw);
    });
    stream.once("end", () => this.#onEnd());
    stream.on("error", (error) => {
      // A stream that waited for its connection has its reason inside.
      this.#failure ??= error.cause instanceof Error ? error.cause : error;
    });
    stream.once("close", () => this.#onClose());
    if (stream.pending) stream.once("ready", () => this.#onReady());
    else this.#onReady();
  }

  /**
   * Node ends a stream also where the target has reset it without an error, with half an answer said (RFC 9113 §8.1). Only an end that comes while the stream is
   * open is the answer's.
   */
  #watchEnd(): void {
    const stream = this.#stream;
    const push = stream.push.bind(stream);
    stream.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
      if (chunk === null && !stream.closed) this.#hasEnded = true;
      return push(chunk, encoding);
    };
  }

  #onReady(): void {
    this.#context.handler.onConnect(() => this.#cancel());
    this.#sendBody();
  }

  #sendBody(): void {
    const { outgoing } = this.#context;
    if (outgoing.body === null) return this.#limit.sent();
    if (!outgoing.expectsContinue) return this.#pump();
    this.#limit.waitingToContinue(() => this.#goOn());
  }

  #onInterim(fields: AnswerFields, raw: unknown): void {
    const { outgoing, handler } = this.#context;
    const status = fields[":status"] ?? 0;
    if (status === CONTINUE && outgoing.expectsContinue && !this.#isSending) return this.#goOn();
    handler.onResponseStarted();
    handler.onHeaders(status, realFields(raw), () => undefined, "");
  }

  /** The target wants the body, or has not said so in time: it may not know the expectation. */
  #goOn(): void {
    this.#context.handler.onHeaders(CONTINUE, [], () => undefined, "");
    this.#pump();
  }

  #pump(): void {
    const stream = this.#stream;
    const { request, ownNames, body } = this.#context.outgoing;
    this.#isSending = true;
    // A target that says goodbye has not looked at what came too late, and that is sent elsewhere.
    body?.keep();
    body?.once("error", (error) => this.#giveUp(error));
    stream.once("wantTrailers", () => {
      // A target that has answered without the rest has closed it.
      if (!stream.closed) stream.sendTrailers(fieldsByName(requestTrailers({ request, ownNames }).flat()));
    });
    stream.once("finish", () => this.#limit.sent());
    stream.on("drain", () => this.#limit.sending());
    this.#limit.sending();
    body?.pipe(stream);
  }

  #onResponse(fields: AnswerFields, raw: unknown): void {
    const stream = this.#stream;
    const { outgoing, handler, limits } = this.#context;
    const status = fields[":status"] ?? 0;
    this.#limit.over();
    outgoing.body?.forget();
    if (status < 200) return this.#giveUp(upstreamError("UPSTREAM_BROKEN", "The answer has no status that there is"));
    if (bytesOf(raw) > limits.maxHeaderBytes)
      return this.#giveUp(upstreamError("UPSTREAM_BROKEN", "The header of the answer is too large"));
    this.#hasAnswer = true;
    const silenceMs = outgoing.bodyTimeoutMs ?? limits.bodyTimeoutMs;
    const silence = new Deadline(silenceMs, () => {
      if (stream.isPaused()) silence.refresh();
      else this.#isTooLate(upstreamError("UPSTREAM_TIMEOUT", `The target was silent for ${silenceMs} ms`));
    });
    this.#silence = silence;
    handler.onResponseStarted();
    // HTTP/2 has no reason phrases.
    const resume = (): void => {
      silence.refresh();
      stream.resume();
    };
    if (!handler.onHeaders(status, realFields(raw), resume, STATUS_CODES[status] ?? "")) stream.pause();
    // Not before: Node tells of the header a turn later than of the body, if somebody listens for that already.
    stream.on("data", (chunk: Buffer) => {
      silence.refresh();
      if (!handler.onData(chunk)) stream.pause();
    });
  }

  #onEnd(): void {
    const stream = this.#stream;
    if (!this.#hasAnswer || !this.#hasEnded || this.#failure !== undefined) return;
    this.#isComplete = true;
    this.#context.handler.onComplete(this.#trailers);
    // It has answered without the rest of the body.
    if (!stream.writableFinished) stream.close(constants.NGHTTP2_NO_ERROR);
  }

  #onClose(): void {
    const { handler, whenOver } = this.#context;
    this.#limit.over();
    this.#silence?.stop();
    whenOver(this.#isInDoubt);
    if (this.#isComplete) return;
    if (!this.#hasAnswer && this.#stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) {
      return handler.onError(upstreamError("UPSTREAM_STREAM_REFUSED", "The target did not take the request up"));
    }
    handler.onError(this.#failure ?? upstreamError("UPSTREAM_CLOSED", "The stream was closed"));
  }

  #isTooLate(error: Error): void {
    this.#isInDoubt = true;
    this.#giveUp(error);
  }

  #giveUp(error: Error): void {
    this.#failure = error;
    this.#cancel();
  }

  /** A stream that is only closed stays open while somebody has yet to read what has come on it. */
  #cancel(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL);
    this.#stream.destroy();
  }
}

/** Of all names and values. Node's own limit holds only from the moment at which the target has agreed to it. */
function bytesOf(raw: unknown): number {
  return Array.isArray(raw) ? (raw as string[]).reduce((sum, text) => sum + text.length, 0) : 0;
}

/** Without the pseudo-fields. */
function realFields(raw: unknown): string[] {
  const fields: string[] = [];
  const all = Array.isArray(raw) ? (raw as string[]) : [];
  for (let index = 0; index + 1 < all.length; index += 2) {
    if (!all[index]?.startsWith(":")) fields.push(all[index] ?? "", all[index + 1] ?? "");
  }
  return fields;
}

/** Names in lower case, repeated lines under one name, and what stands in the request line and in Host over HTTP/1 (RFC 9113 §8.3.1). */
function http2Fields({ request, method, pathAndQuery, fields, expectsContinue }: Outgoing): Record<string, string | string[]> {
  const [, host = ""] = fields;
  // Without a prototype: a client may call a field "constructor".
  const named: Record<string, string | string[]> = Object.assign(Object.create(null), {
    ":method": method,
    ":path": pathAndQuery,
    ":authority": host,
  });
  for (let index = 2; index + 1 < fields.length; index += 2) {
    const name = fields[index]?.toLowerCase() ?? "";
    const value = fields[index + 1] ?? "";
    const earlier = named[name];
    if (earlier === undefined) named[name] = value;
    else if (Array.isArray(earlier)) earlier.push(value);
    else named[name] = [earlier, value];
  }
  if (expectsContinue) named["expect"] = "100-continue";
  if (takesTrailers(request)) named["te"] = "trailers";
  return named;
}
