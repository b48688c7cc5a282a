import type { Evidence } from "../header/evidence.ts";

/** The part of a `node:http` or `node:http2` request that is read. `IncomingMessage` and `Http2ServerRequest` have it. */
export type NodeRequest = {
  /** Name, value, name, value, as they came over the wire. */
  readonly rawHeaders: readonly string[];
  readonly socket: { readonly remoteAddress?: string | undefined; readonly destroyed?: boolean };
};

/** A peer nobody knows: no text that is an address, so that not even `unix:` trusts it. */
const NOBODY = "";

const NO_LINES: readonly string[] = [];

/** What is known better than the request knows it. */
export type NodeEvidenceOptions = {
  /** The peer after PROXY protocol; `undefined` says that there is none to know. Without this field the socket is asked. */
  readonly peer?: string | undefined;
};

/**
 * Evidence of a Node request, and of the request of a WebSocket upgrade just the same.
 *
 * Reads `rawHeaders`, because in `headers` Node has joined repeated lines and dropped some. Decides nothing.
 */
export function evidenceOf(request: NodeRequest, options: NodeEvidenceOptions = {}): Evidence {
  const { rawHeaders } = request;
  const peer = "peer" in options ? options.peer : peerOf(request.socket);
  return { peer, lines: (name) => linesOf(rawHeaders, name) };
}

/** A unix socket has no remote address, and neither has a TCP socket once it is closed: that one must not pass for a unix socket. */
function peerOf(socket: NodeRequest["socket"]): string | undefined {
  return socket.remoteAddress ?? (socket.destroyed === true ? NOBODY : undefined);
}

function linesOf(rawHeaders: readonly string[], name: string): readonly string[] {
  let lines: string[] | undefined;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const field = rawHeaders[at] as string;
    if (field.length !== name.length || field.toLowerCase() !== name) continue;
    const value = rawHeaders[at + 1] as string;
    if (lines === undefined) lines = [value];
    else lines.push(value);
  }
  return lines ?? NO_LINES;
}
