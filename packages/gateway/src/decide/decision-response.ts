import { Writable } from "node:stream";
import type { ClientResponse } from "../client-message.ts";
import type { Contract } from "./contract.ts";

/**
 * The answer to a request that an engine asks about, on its way into the answer to the engine. The engine gets a status that it understands; the one
 * that the client is to get stands in `X-Wherefrom-Status`.
 */
export class DecisionResponse extends Writable implements ClientResponse {
  readonly #wire: ClientResponse;
  readonly #contract: Contract;
  readonly #body: Buffer[] = [];
  #status = 0;
  #fields: readonly string[] = [];
  headersSent = false;

  constructor(wire: ClientResponse, contract: Contract) {
    super({ decodeStrings: true });
    this.#wire = wire;
    this.#contract = contract;
    wire.once("close", () => this.destroy());
  }

  get shouldKeepAlive(): boolean {
    return this.#wire.shouldKeepAlive;
  }

  set shouldKeepAlive(keeps: boolean) {
    this.#wire.shouldKeepAlive = keeps;
  }

  writeHead(status: number, ...rest: readonly [string[]] | readonly [string, string[]]): void {
    this.#status = status;
    this.#fields = (rest.length === 1 ? rest[0] : rest[1]).slice();
    this.headersSent = true;
  }

  /** Nothing is sent in parts here. */
  writeContinue(): void {}
  addTrailers(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#body.push(chunk);
    done();
  }

  override _final(done: () => void): void {
    const wire = this.#wire;
    const status = this.#status;
    const body = Buffer.concat(this.#body);
    const isAdmitted = status < 300;
    const fields = ["X-Wherefrom-Status", String(status), "Content-Length", String(body.length), ...this.#ownFields()];
    wire.writeHead(isAdmitted ? status : this.#contract.refusal(status), fields);
    wire.once("finish", done);
    wire.end(body);
  }

  /** Without what is about a connection: the client's is not this one, and an answer to HEAD has a length and no body. */
  #ownFields(): string[] {
    const kept: string[] = [];
    for (let index = 0; index + 1 < this.#fields.length; index += 2) {
      const name = this.#fields[index] ?? "";
      if (!/^(?:connection|content-length)$/i.test(name)) kept.push(name, this.#fields[index + 1] ?? "");
    }
    return kept;
  }
}
