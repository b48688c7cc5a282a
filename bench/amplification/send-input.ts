import { connect } from "node:net";
import { countEnds } from "./http2-bytes.ts";
import type { Input } from "./inputs.ts";

/** Sends an input over a connection of its own and closes it when all of it is answered. Gives what was sent, in bytes. Errors: an `Error` when the other side closes before. */
export function sendInput({ name, door, pieces, answers }: Input, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const isAnswered = door === "http2" ? http2Reader(answers) : httpReader(answers);
    const left = [...pieces];
    let isOver = false;
    const next = (): void => {
      const piece = left.shift();
      if (piece !== undefined) socket.write(piece);
    };
    socket.once("connect", next);
    socket.on("data", (chunk) => {
      const hasAll = isAnswered(chunk);
      next();
      if (!hasAll || left.length > 0 || isOver) return;
      isOver = true;
      socket.end();
    });
    socket.once("error", reject);
    socket.once("close", () => {
      if (isOver) resolve(socket.bytesWritten);
      else reject(new Error(`${name}: the connection was closed after ${socket.bytesWritten} bytes`));
    });
  });
}

function httpReader(answers: number): (chunk: Buffer) => boolean {
  let heads = 0;
  let tail = "";
  return (chunk) => {
    const text = tail + chunk.toString("latin1");
    heads += text.split(STATUS_LINE).length - 1;
    // so much of a status line may still come
    tail = text.slice(-STATUS_LINE.length + 1);
    return heads >= answers;
  };
}

const STATUS_LINE = "HTTP/1.1 ";

function http2Reader(answers: number): (chunk: Buffer) => boolean {
  const count = countEnds();
  return (chunk) => {
    const { streams, hasLastPing } = count(chunk);
    return hasLastPing && streams >= answers;
  };
}
