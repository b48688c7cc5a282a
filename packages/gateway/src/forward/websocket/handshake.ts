import { hash } from "node:crypto";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { fieldLines } from "../../accept/field-lines.ts";
import { headTooLarge } from "../../accept/handshake.ts";
import type { Upgrade } from "../../client-message.ts";
import type { Exchange } from "../../exchange.ts";
import type { Fault } from "../../fault.ts";
import type { CompiledRoute } from "../../route/route-table.ts";
import type { Runtime } from "../../runtime.ts";
import type { Watched } from "../connect/silence-watch.ts";
import { responseFields } from "../response-fields.ts";
import type { Upstream } from "../upstream.ts";
import { upstreamError } from "../upstream-error.ts";
import { faultOf, invalidUpgrade, upstreamConnectTimeout, upstreamTimeout } from "../upstream-fault.ts";
import { relayDeclined } from "./declined.ts";
import { type SideOwner, tell, tellNobody } from "./side.ts";
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
export class Handshake implements SideOwner, Watched {
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
  #isDeclined = false;
  /** What the client is told when the time is over: first for connecting, then for the answer. */
  #late = upstreamConnectTimeout;
  timeoutMs: number;
  movedAtLook = 0;
  place = -1;

  constructor(exchange: Exchange, { route, upgrade, upstream, runtime }: HandshakeParts) {
    this.#exchange = exchange;
    this.#route = route;
    this.#upgrade = upgrade;
    this.#upstream = upstream;
    this.#runtime = runtime;
    this.#early = [upgrade.head];
    this.#earlyBytes = upgrade.head.length;
    this.#socket = upstream.connect();
    this.timeoutMs = upstream.target.connectTimeoutMs ?? runtime.limits.connectTimeoutMs;
  }

  /** Sends the handshake. */
  begin(text: string): void {
    const { duplex } = this.#upgrade;
    const { target, silence } = this.#upstream;
    this.#upstream.begin(this.#exchange.startedAtMs);
    silence.begin(this);
    this.#socket.once(target.isSecure ? "secureConnect" : "connect", () => this.#connected());
    tell(this, this.#socket);
    if (duplex instanceof Socket) {
      tell(this, duplex);
      // What came meanwhile was kept.
      if (duplex.isPaused()) duplex.resume();
    }
    this.#exchange.whenOver(() => this.#end());
    this.#socket.write(text, "latin1");
  }

  said(side: Duplex, chunk: Buffer): void {
    if (side === this.#socket) this.#hear(chunk);
    else this.#keep(chunk);
  }

  drained(): void {
    // What is written until then is small.
  }

  ended(side: Duplex): void {
    if (side === this.#socket) this.broke(side, upstreamError("UPSTREAM_CLOSED", "The target ended within the handshake"));
    // It cannot open a WebSocket any more, as it could not close it.
    else this.#exchange.response.destroy();
  }

  /** A client that breaks closes, and its exchange with it. */
  broke(side: Duplex, error: Error): void {
    if (side !== this.#socket) return;
    this.#upstream.failed(this.#exchange.startedAtMs, { nowMs: this.#runtime.now(), why: error.message });
    this.#fail(faultOf(error));
  }

  closed(): void {
    // It has ended or broken before, or was cut from here.
  }

  giveUp(): void {
    this.#fail(this.#late);
  }

  #connected(): void {
    const { target, silence } = this.#upstream;
    this.#late = upstreamTimeout;
    this.timeoutMs = target.headersTimeoutMs ?? this.#runtime.limits.upstreamHeadersTimeoutMs;
    this.movedAtLook = silence.looks;
  }

  #hear(chunk: Buffer): void {
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
  }

  #keep(chunk: Buffer): void {
    this.#early.push(chunk);
    this.#earlyBytes += chunk.length;
    if (this.#earlyBytes > this.#runtime.limits.maxUpgradeHeadBytes) this.#fail(headTooLarge);
  }

  /** Tells the client that its WebSocket is open. The exchange ends here: what follows is no HTTP. */
  #join(fields: readonly string[], behind: string): void {
    const { duplex } = this.#upgrade;
    this.#upstream.answered(this.#exchange.startedAtMs);
    this.#settle();
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

  /** There is an answer, or there will be none. */
  #settle(): void {
    this.#upstream.silence.end(this);
    this.#exchange.targetMs ??= this.#runtime.now() - this.#exchange.startedAtMs;
  }

  /** Lets go of both connections. Whoever takes them over listens at once. */
  #let(): void {
    this.#settle();
    tellNobody(this.#upgrade.duplex);
    tellNobody(this.#socket);
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
  let accepts = 0;
  let accept = "";
  let upgrades = 0;
  let upgrade = "";
  let options = "";
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const value = fields[index + 1] ?? "";
    switch (fields[index]?.toLowerCase()) {
      case "sec-websocket-accept":
        accepts += 1;
        accept = value;
        break;
      case "upgrade":
        upgrades += 1;
        upgrade = value;
        break;
      case "connection":
        options += `,${value}`;
    }
  }
  if (accepts !== 1 || upgrades !== 1 || upgrade.toLowerCase() !== "websocket") return false;
  if (
    !options
      .toLowerCase()
      .split(",")
      .some((option) => option.trim() === "upgrade")
  )
    return false;
  const [key] = fieldLines(request.rawHeaders, "sec-websocket-key");
  return accept === hash("sha1", `${key}${GUID}`, "base64");
}
