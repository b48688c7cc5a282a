import type { Socket } from "node:net";
import { Duplex } from "node:stream";

type TapOptions = {
  /** Sees every byte before whoever reads does; what it answers `false` to is not handed on. */
  readonly look?: (chunk: Buffer) => boolean;
  /** Nobody wants to read any more, and all that was written has gone: called at least once when that is so. */
  readonly onUnread?: () => void;
  /** How long the far end has to end too, when this one has. */
  readonly lingerTimeoutMs: number;
  readonly now: () => number;
};

/**
 * A connection under one of Node's HTTP/2 sessions. It shows what the session tells nobody: that it has given up on the far end, which broke the protocol. The session says
 * GOAWAY then, and reads no more.
 */
export class Tapped extends Duplex {
  readonly #socket: Socket;
  readonly #onUnread: (() => void) | undefined;
  readonly #lingerTimeoutMs: number;
  #pausedAtMs: number | undefined;
  /** Pauses and ends of writes. */
  #changes = 0;

  constructor(socket: Socket, { look, onUnread, lingerTimeoutMs, now }: TapOptions) {
    super();
    this.#socket = socket;
    this.#onUnread = onUnread;
    this.#lingerTimeoutMs = lingerTimeoutMs;
    this.on("pause", () => {
      this.#pausedAtMs = now();
      this.#tellUnread();
    });
    this.on("resume", () => {
      this.#pausedAtMs = undefined;
    });
    socket.on("data", (chunk: Buffer) => {
      if ((look === undefined || look(chunk)) && !this.push(chunk)) socket.pause();
    });
    // A far end that has ended can open its windows no more, nor finish what it says. It is not handed on as an end: Node would then end its own side by itself, and the
    // next frame that its session writes would be an assertion that ends the process.
    socket.once("end", () => this.#destroyWhenRead());
    for (const event of ["close", "error"]) socket.once(event, () => this.destroy());
    socket.on("error", () => undefined);
  }

  /** For how long nobody has wanted to read, though there was nothing left to write. */
  unreadMs(nowMs: number): number {
    return this.#pausedAtMs === undefined || this.writableLength > 0 ? 0 : nowMs - this.#pausedAtMs;
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#socket.write(chunk, (error) => this.#written(error, callback));
  }

  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this.#socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), (error) => this.#written(error, callback));
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#socket.end(callback);
    const timer = setTimeout(() => this.#socket.destroy(), this.#lingerTimeoutMs);
    this.#socket.once("close", () => clearTimeout(timer));
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#socket.destroy();
    callback(error);
  }

  #written(error: Error | null | undefined, callback: (error?: Error | null) => void): void {
    callback(error);
    this.#tellUnread();
  }

  /** A session that writes reads nothing meanwhile, and hears of the end of its write a turn later: so not before two turns in which nothing has changed. */
  #tellUnread(): void {
    const onUnread = this.#onUnread;
    if (onUnread === undefined) return;
    this.#changes += 1;
    const changes = this.#changes;
    const look = (): void => {
      if (changes === this.#changes && this.isPaused() && this.writableLength === 0) onUnread();
    };
    setImmediate(() => setImmediate(look));
  }

  /** The last that the far end has said is read before. */
  readonly #destroyWhenRead = (): void => {
    if (this.readableLength === 0) this.destroy();
    else if (this.isPaused()) this.once("resume", this.#destroyWhenRead);
    else setImmediate(this.#destroyWhenRead);
  };
}
