import { connect, createServer, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** How a relay is started: a JSON object as its one argument. */
export type RelayOptions = {
  readonly host: string;
  readonly port: number;
  readonly target: { readonly host: string; readonly port: number };
  /** Begins each connection with a PROXY protocol header, version 1. */
  readonly tellsClient?: boolean;
  /** How long bytes are held, in milliseconds each way, as if the client were that far away. */
  readonly delayMs?: number;
};

/** What it says when it listens. */
export const RELAY_READY = "ready";

/** Carries connections of TCP to a target, as an old proxy does that knows nothing of HTTP: with connections of its own, so that the target sees the relay. */
function serveRelay({ host, port, target, tellsClient = false, delayMs = 0 }: RelayOptions): void {
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const onward = connect({ ...target, allowHalfOpen: true });
    if (tellsClient) onward.write(proxyHeader(client));
    carry(client, onward, delayMs);
    carry(onward, client, delayMs);
  });
  server.listen(port, host, () => process.stdout.write(`${RELAY_READY}\n`));
}

/** PROXY protocol specification, 2.1. */
function proxyHeader({ remoteAddress = "", remotePort, localAddress = "", localPort }: Socket): string {
  return `PROXY TCP4 ${remoteAddress} ${localAddress} ${remotePort} ${localPort}\r\n`;
}

function carry(from: Socket, to: Socket, delayMs: number): void {
  let last = Promise.resolve();
  const later = (act: () => void): void => {
    const held = delayMs === 0 ? Promise.resolve() : pause(delayMs);
    last = last.then(() => held).then(act);
  };
  from.on("data", (bytes: Buffer) => later(() => void to.write(bytes)));
  from.on("end", () => later(() => void to.end()));
  from.on("error", () => to.destroy());
  from.on("close", () => later(() => void to.destroySoon()));
}

const [, , given] = process.argv;
if (given !== undefined && process.argv[1]?.endsWith("relay.js") === true) serveRelay(JSON.parse(given) as RelayOptions);
