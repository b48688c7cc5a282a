import type { Socket } from "node:net";
import { Duplex } from "node:stream";

type TapOptions = {
  /** Sees every byte before whoever reads does; what it answers `false` to is not handed on. */
  readonly look: (chunk: Buffer) => boolean;
  /** How long the far end has to end too, when this one has. */
  readonly lingerTimeoutMs: number;
  readonly now: () => number;
};

/** A connection that somebody reads along. */
export class Tapped extends Duplex {
  readonly #socket: Socket;
  readonly #lingerTimeoutMs: number;
  #pausedAtMs: number | undefined;

  constructor(socket: Socket, { look, lingerTimeoutMs, now }: TapOptions) {
    super();
    this.#socket = socket;
    this.#lingerTimeoutMs = lingerTimeoutMs;
    this.on("pause", () => {
      this.#pausedAtMs = now();
    });
    this.on("resume", () => {
      this.#pausedAtMs = undefined;
    });
    socket.on("data", (chunk: Buffer) => {
      if (look(chunk) && !this.push(chunk)) socket.pause();
    });
    // A client that has ended can open its windows no more, nor finish a request. It is not handed on as an end: Node would then end its own side by itself, and the
    // next frame that its session writes would be an assertion that ends the process.
    for (const event of ["end", "close", "error"]) socket.once(event, () => this.destroy());
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
    this.#socket.write(chunk, callback);
  }

  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this.#socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), callback);
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
}
