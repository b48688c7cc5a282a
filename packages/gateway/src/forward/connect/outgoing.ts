import type { ClientRequest } from "../../client-message.ts";
import type { RequestBody } from "../request-body.ts";

/** A request as it is sent to one target, in whatever version of HTTP. */
export type Outgoing = {
  /** As the client sent it. */
  readonly request: ClientRequest;
  readonly method: string;
  readonly pathAndQuery: string;
  /** `[name, value, name, value]`, `Host` first; nothing about a connection, and no framing but a Content-Length. */
  readonly fields: string[];
  /** By these names, in lower case and with hyphens, no trailer goes along either. */
  readonly ownNames: ReadonlySet<string>;
  /** `null` for a request that has none. */
  readonly body: RequestBody | null;
  /** Whether the client waits to be told that the target wants the body. */
  readonly expectsContinue: boolean;
  /** `undefined` where the gateway's limit holds. */
  readonly headersTimeoutMs: number | undefined;
  readonly bodyTimeoutMs: number | undefined;
};

/** What a request to a target is answered with, step by step. The shape is that of undici's older handlers; fields are `[name, value, name, value]`. */
export type AnswerHandler = {
  /** There is a connection and the request goes out on it now. A failure before this call is one of connecting. */
  onConnect(abort: (reason?: Error) => void): void;
  /** The first byte of a response has come. */
  onResponseStarted(): void;
  /** The header of a response, interim ones too. */
  onHeaders(status: number, fields: readonly (Buffer | string)[], resume: () => void, reason: string): boolean;
  /** `false` asks to hold back until `resume` is called. */
  onData(chunk: Buffer): boolean;
  onComplete(trailers: readonly (Buffer | string)[] | null): void;
  /** May follow any of the others, also twice. */
  onError(error: Error): void;
};
