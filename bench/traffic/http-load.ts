import { connect } from "node:net";
import { told } from "./answering.ts";
import type { HttpLoad } from "./load.ts";

const { port, path, fields, connections, seconds } = told<HttpLoad>();
const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${fields.map((field) => `${field}\r\n`).join("")}\r\n`;
const latenciesMs: number[] = [];
let errors = 0;
let isOver = false;

// Program: asks for one path over several connections, each time as soon as the last answer is whole, until its time is over or it is interrupted, and says what it saw
// in one line.
// It knows answers with a Content-Length only; any other is an error, as is a connection that the proxy closes.
const startedAtMs = performance.now();
const timer = setTimeout(stop, seconds * 1_000);
process.once("SIGINT", stop);
await Promise.all(Array.from({ length: connections }, askAgainAndAgain));
const sorted = latenciesMs.toSorted((left, right) => left - right);
const elapsed = (performance.now() - startedAtMs) / 1_000;
process.stdout.write(
  `${JSON.stringify({ requests: sorted.length, seconds: elapsed, p50Ms: percentile(50), p99Ms: percentile(99), errors })}\n`,
);

function stop(): void {
  isOver = true;
  clearTimeout(timer);
}

function percentile(percent: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? 0;
}

function askAgainAndAgain(): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    let askedAtMs = 0;
    let head = "";
    /** Bytes of the answer that are to come; negative while its head is. */
    let missing = -1;
    const ask = (): void => {
      askedAtMs = performance.now();
      head = "";
      missing = -1;
      socket.write(request);
    };
    const fail = (): void => {
      if (!isOver) errors += 1;
      socket.destroy();
    };
    socket.on("connect", ask);
    socket.on("error", fail);
    socket.on("close", () => resolve());
    socket.on("end", fail);
    socket.on("data", (chunk) => {
      if (missing >= 0) missing -= chunk.length;
      else {
        head += chunk.toString("latin1");
        const end = head.indexOf("\r\n\r\n");
        if (end === -1) return;
        const length = /^content-length: *(\d+)\r?$/im.exec(head.slice(0, end))?.[1];
        if (length === undefined || !head.startsWith("HTTP/1.1 200 ")) return fail();
        missing = Number(length) - (head.length - end - 4);
      }
      if (missing > 0) return;
      latenciesMs.push(performance.now() - askedAtMs);
      if (isOver) socket.destroy();
      else ask();
    });
  });
}
