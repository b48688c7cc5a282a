import { hash } from "node:crypto";
import { Socket } from "node:net";
import { fieldLines } from "../../accept/field-lines.ts";
import { headTooLarge } from "../../accept/handshake.ts";
import type { Upgrade } from "../../client-message.ts";
import type { Exchange } from "../../exchange.ts";
import type { Fault } from "../../fault.ts";
import type { CompiledRoute } from "../../route/route-table.ts";
import type { Runtime } from "../../runtime.ts";
import { connectTo } from "../connect/connect-options.ts";
import { responseFields } from "../response-fields.ts";
import type { Upstream } from "../upstream.ts";
import { upstreamError } from "../upstream-error.ts";
import { faultOf, invalidUpgrade, upstreamConnectTimeout, upstreamTimeout } from "../upstream-fault.ts";
import { relayDeclined } from "./declined.ts";
import { readSwitchingHead } from "./switching-head.ts";

const SWITCHING_PROTOCOLS = 101;

type HandshakeParts = {
  readonly route: CompiledRoute;
  readonly upgrade: Upgrade;
  readonly upstream: Upstream;
  readonly runtime: Runtime;
};

/**
 * A handshake on its way to a target, until the target agrees, declines or fails. It owns both connections for that time, and listens on both: what the
 * client sends already is kept, within `maxUpgradeHeadBytes`, and a client that ends is gone. A stream of HTTP/2 is left alone: its window bounds what it
 * holds, and one that was read from would not close behind an answer.
 */
export class Handshake {
  readonly #exchange: Exchange;
  readonly #route: CompiledRoute;
  readonly #upgrade: Upgrade;
  readonly #upstream: Upstream;
  readonly #runtime: Runtime;
  readonly #socket: Socket;
  /** What the target has said, a character a byte. */
  #said = "";
  /** What the client has sent behind the handshake. */
  readonly #early: Buffer[];
  #earlyBytes: number;
  #timer: NodeJS.Timeout | undefined;
  #isDeclined = false;

  constructor(exchange: Exchange, { route, upgrade, upstream, runtime }: HandshakeParts) {
    this.#exchange = exchange;
    this.#route = route;
    this.#upgrade = upgrade;
    this.#upstream = upstream;
    this.#runtime = runtime;
    this.#early = [upgrade.head];
    this.#earlyBytes = upgrade.head.length;
    this.#socket = connectTo(upstream, "http/1.1");
  }

  /** Sends the handshake. */
  begin(text: string): void {
    const { duplex } = this.#upgrade;
    const { target } = this.#upstream;
    const { limits } = this.#runtime;
    this.#upstream.begin(this.#exchange.startedAtMs);
    this.#limit(target.connectTimeoutMs ?? limits.connectTimeoutMs, upstreamConnectTimeout);
    this.#socket.once(target.isSecure ? "secureConnect" : "connect", this.#onConnect);
    this.#socket.on("data", this.#onSaid);
    this.#socket.on("end", this.#onTargetEnd);
    this.#socket.on("error", this.#onTargetError);
    if (duplex instanceof Socket) {
      duplex.on("data", this.#onEarly);
      duplex.on("end", this.#onClientEnd);
    }
    this.#exchange.whenOver(() => this.#end());
    this.#socket.write(text, "latin1");
  }

  readonly #onConnect = (): void => {
    this.#limit(this.#upstream.target.headersTimeoutMs ?? this.#runtime.limits.upstreamHeadersTimeoutMs, upstreamTimeout);
  };

  readonly #onSaid = (chunk: Buffer): void => {
    this.#said += chunk.toString("latin1");
    const reading = readSwitchingHead(this.#said);
    switch (reading.kind) {
      case "incomplete":
        if (this.#said.length > this.#runtime.limits.maxHeaderBytes) this.#fail(invalidUpgrade);
        return;
      case "invalid":
        return this.#fail(invalidUpgrade);
      case "declined":
        return this.#decline();
      case "switching":
        if (!isAccepted(this.#exchange, reading.fields)) return this.#fail(invalidUpgrade);
        return this.#join(reading.fields, this.#said.slice(reading.end));
    }
  };

  readonly #onEarly = (chunk: Buffer): void => {
    this.#early.push(chunk);
    this.#earlyBytes += chunk.length;
    if (this.#earlyBytes > this.#runtime.limits.maxUpgradeHeadBytes) this.#fail(headTooLarge);
  };

  /** It cannot open a WebSocket any more, as it could not close it. */
  readonly #onClientEnd = (): void => {
    this.#exchange.response.destroy();
  };

  readonly #onTargetEnd = (): void => this.#onTargetError(upstreamError("UPSTREAM_CLOSED", "The target ended within the handshake"));

  readonly #onTargetError = (error: Error): void => {
    this.#upstream.failed(this.#exchange.startedAtMs, { nowMs: this.#runtime.now(), why: error.message });
    this.#fail(faultOf(error));
  };

  /** Tells the client that its WebSocket is open. The exchange ends here: what follows is no HTTP. */
  #join(fields: readonly string[], behind: string): void {
    const { duplex } = this.#upgrade;
    this.#upstream.answered(this.#exchange.startedAtMs);
    this.#let();
    this.#upgrade.open(responseFields(fields, { status: SWITCHING_PROTOCOLS, hasTrailers: false }));
    this.#exchange.status = SWITCHING_PROTOCOLS;
    this.#exchange.finish();
    if (behind !== "") duplex.write(behind, "latin1");
    for (const chunk of this.#early) if (chunk.length > 0) this.#socket.write(chunk);
    const upstream = this.#upstream;
    this.#runtime.tunnels.join({ client: duplex, upstream: this.#socket }, () => upstream.end());
  }

  /** What follows is an answer like any other. */
  #decline(): void {
    this.#let();
    this.#isDeclined = true;
    this.#upstream.end();
    const received = Buffer.from(this.#said, "latin1");
    relayDeclined(this.#exchange, {
      connection: this.#socket,
      received,
      upstream: this.#upstream,
      route: this.#route,
      runtime: this.#runtime,
    });
  }

  #fail(answer: Fault): void {
    this.#cut();
    this.#exchange.refuse(answer);
  }

  /** One timer at a time: first for connecting, then for the answer. */
  #limit(timeoutMs: number, answer: Fault): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fail(answer), timeoutMs);
  }

  /** Lets go of both connections. Whoever takes them over listens at once. */
  #let(): void {
    const { duplex } = this.#upgrade;
    clearTimeout(this.#timer);
    this.#exchange.targetMs ??= this.#runtime.now() - this.#exchange.startedAtMs;
    duplex.off("data", this.#onEarly);
    duplex.off("end", this.#onClientEnd);
    this.#socket.off("data", this.#onSaid);
    this.#socket.off("end", this.#onTargetEnd);
    this.#socket.off("error", this.#onTargetError);
  }

  #cut(): void {
    this.#let();
    // What is destroyed may still fail, and an error that nobody hears would end the process.
    this.#socket.on("error", ignore).destroy();
  }

  /** The exchange is over, one way or another. */
  #end(): void {
    if (this.#isDeclined || this.#exchange.status === SWITCHING_PROTOCOLS) return;
    this.#cut();
    this.#upstream.end();
  }
}

function ignore(): void {
  // Told already, or of no interest to anybody.
}

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/**
 * Whether the target has agreed to this very handshake (RFC 6455 §4.1). Without the check any 101 would make the gateway pass on bytes that no rule
 * has seen, to a target that may still be speaking HTTP.
 */
function isAccepted({ request }: Exchange, fields: readonly string[]): boolean {
  const [key] = fieldLines(request.rawHeaders, "sec-websocket-key");
  const accepts = fieldLines(fields, "sec-websocket-accept");
  const upgrades = fieldLines(fields, "upgrade");
  const options = fieldLines(fields, "connection").join(",").toLowerCase().split(",");
  if (accepts.length !== 1 || upgrades.length !== 1 || upgrades[0]?.toLowerCase() !== "websocket") return false;
  if (!options.some((option) => option.trim() === "upgrade")) return false;
  return accepts[0] === hash("sha1", `${key}${GUID}`, "base64");
}
