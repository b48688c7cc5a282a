import { connect } from "node:net";
import { say, told } from "../traffic/answering.ts";
import { replayRequest } from "./requests.ts";

type Told = { readonly port: number; readonly count: number; readonly connections: number };

const { port, count, connections } = told<Told>();
let next = 0;
let answered = 0;

// Program: sends the requests of the replay over several connections, each when the last one's answer is whole, and says how many were answered.
const startedAt = performance.now();
const timer = process.stderr.isTTY
  ? setInterval(() => process.stderr.write(`\r${answered} of ${count} requests answered `), 1_000)
  : undefined;
await Promise.all(Array.from({ length: connections }, sendNext));
clearInterval(timer);
say({ answered, seconds: (performance.now() - startedAt) / 1_000 });

function textOf(index: number): string {
  const { method, path, fields } = replayRequest(index);
  return [`${method} ${path} HTTP/1.1`, "Host: replay.example", ...fields, "", ""].join("\r\n");
}

/** One connection after the other: a gateway takes so many requests over each. Ends when there is no request left, or one is not answered: what is missing shows in the number. */
async function sendNext(): Promise<void> {
  while (next < count && (await sendOverOne()));
}

/** Resolves when the connection is closed, with whether all was answered that was sent. */
function sendOverOne(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    let isWaiting = true;
    let head = "";
    /** Bytes of the answer that are to come; negative while its head is. */
    let missing = -1;
    const send = (): void => {
      if (next >= count || isClosing(head)) return void socket.destroy();
      head = "";
      missing = -1;
      isWaiting = true;
      socket.write(textOf(next++));
    };
    socket.on("connect", send);
    socket.on("error", () => socket.destroy());
    socket.on("end", () => socket.destroy());
    socket.on("close", () => resolve(!isWaiting));
    socket.on("data", (chunk) => {
      if (missing >= 0) missing -= chunk.length;
      else {
        head += chunk.toString("latin1");
        const end = head.indexOf("\r\n\r\n");
        if (end === -1) return;
        missing = lengthOf(head.slice(0, end)) - (head.length - end - 4);
      }
      if (missing > 0) return;
      answered += 1;
      isWaiting = false;
      send();
    });
  });
}

function isClosing(head: string): boolean {
  return /^connection: *close\r?$/im.test(head);
}

/** Of the body behind a head: one of 304 has none (RFC 9110 §15.4.5). */
function lengthOf(head: string): number {
  return head.startsWith("HTTP/1.1 304 ") ? 0 : Number(/^content-length: *(\d+)\r?$/im.exec(head)?.[1] ?? Number.NaN);
}
