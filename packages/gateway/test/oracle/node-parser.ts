import { createServer, type IncomingMessage } from "node:http";
import { Duplex } from "node:stream";

/** What Node's parser makes of some bytes: the requests, and whether it is content with all of them. */
export type NodeReading = { readonly requests: readonly NodeRequest[]; readonly isWhole: boolean };

type NodeRequest = {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly version: string;
  readonly fields: readonly string[];
  readonly isUpgrade: boolean;
  /** What Node would hand on behind the header. */
  readonly behind: number;
  readonly hasBody: boolean;
  /** Whether the client waits for a word before its body, or asks for something else that Node looks at. */
  readonly isExpecting: boolean;
  /** Whether Node would keep the connection behind its answer. */
  readonly keepsAlive: boolean;
};

const server = createServer({ requireHostHeader: false, maxHeaderSize: 65_536 });
server.maxHeadersCount = 0;

/** A connection that says the bytes and then nothing. */
class Said extends Duplex {
  readonly requests: NodeRequest[] = [];
  isWhole = true;

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: unknown, callback: () => void): void {
    callback();
  }

  asked(request: IncomingMessage, { isUpgrade = false, behind = 0, isExpecting = false, keepsAlive = true } = {}): void {
    const { method, url, httpVersion: version, rawHeaders: fields, headers } = request;
    const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
    this.requests.push({ method, url, version, fields, isUpgrade, behind, hasBody, isExpecting, keepsAlive });
  }
}

server.on("request", (request, { shouldKeepAlive: keepsAlive }) => saidOf(request).asked(request, { keepsAlive }));
for (const event of ["checkContinue", "checkExpectation"] as const)
  server.on(event, (request: IncomingMessage) => saidOf(request).asked(request, { isExpecting: true }));
for (const event of ["upgrade", "connect"] as const)
  server.on(event, (request, _socket, head) => saidOf(request).asked(request, { isUpgrade: true, behind: head.length }));
server.on("clientError", (_error, socket) => {
  (socket as unknown as Said).isWhole = false;
});

function saidOf({ socket }: IncomingMessage): Said {
  return socket as unknown as Said;
}

/** Reads bytes as a server of Node's does that is given them in one piece. */
export function readByNode(bytes: Buffer): NodeReading {
  const said = new Said();
  server.emit("connection", said);
  said.emit("data", bytes);
  const { requests, isWhole } = said;
  said.destroy();
  return { requests, isWhole };
}
