import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { TEST_TIMEOUT_MS } from "../../../tools/patience.ts";
import { HANDSHAKE, SWITCHING } from "./rig/handshake.ts";
import { own } from "./rig/owned.ts";
import { openTarget } from "./rig/target.ts";
import { converse, sendRaw, wire } from "./rig/wire.ts";

const PROGRAM = fileURLToPath(new URL("gateway-process.mjs", import.meta.url));

/** For how long, in place of a few rounds. */
const MINUTES = Number(process.env["SOAK_MINUTES"] ?? 0);
const WARM_UP_ROUNDS = 2;
const ROUNDS = 3;
/** Of each kind of exchange. */
const IN_ROUND = 70;
const AT_ONCE = 10;

/** Less than one object for each exchange of the short run, and what V8 makes of code that it learns to know better. */
const MAX_GROWTH_BYTES = 1_500_000;

let count = 0;
/** What a client may choose anew each time: nothing may be kept by it for ever. */
function lines(method: string): string[] {
  count += 1;
  return [
    `${method} /${count} HTTP/1.1`,
    `Host: h${count}.example`,
    `X-Forwarded-For: 2001:db8::${count.toString(16).slice(-4)}`,
    `X-N${count}: 1`,
  ];
}

const kinds: readonly ((port: number) => Promise<unknown>)[] = [
  (port) => sendRaw(port, wire(...lines("GET"), "Connection: close")),
  (port) => sendRaw(port, `${wire(...lines("PUT"), "Content-Length: 4", "Connection: close")}body`),
  (port) => sendRaw(port, `${wire(...lines("PUT"), "Transfer-Encoding: chunked", "Trailer: X-A", "Connection: close")}0\r\nX-A: 1\r\n\r\n`),
  (port) => sendRaw(port, wire(...lines("GET"), "Host: again")),
  async (port) => {
    const client = await converse(port);
    client.write(wire(...lines("GET")));
    await client.readUntil(/200 OK/);
    client.write(wire(...lines("POST"), "Content-Length: 10").concat("half"));
    client.socket.destroy();
  },
  async (port) => {
    const client = await converse(port);
    client.write(HANDSHAKE);
    await client.readUntil(/ 101 /);
    client.socket.destroy();
  },
];

async function soak(port: number): Promise<void> {
  for (let done = 0; done < IN_ROUND; done += AT_ONCE) {
    await Promise.all(kinds.flatMap((exchange) => Array.from({ length: AT_ONCE }, () => exchange(port))));
  }
}

async function heapBytes(program: ChildProcess): Promise<number> {
  program.send({ ask: "heap" });
  const [{ bytes }] = await once(program, "message");
  return bytes;
}

test("a gateway keeps nothing of what has passed, whatever its clients chose and however they left", {
  timeout: TEST_TIMEOUT_MS + MINUTES * 60_000,
}, async () => {
  const target = await openTarget(
    (request, response) =>
      void request
        .resume()
        .on("end", () => response.end("here"))
        .on("error", () => undefined),
    (_request, socket) => {
      socket.on("error", () => undefined).on("end", () => socket.end());
      socket.resume().write(SWITCHING);
    },
  );
  own(target);
  const program = fork(PROGRAM, [target.origin], { execArgv: ["--expose-gc"] });
  own({ close: async () => void program.kill("SIGKILL") });
  const [{ port }] = (await once(program, "message")) as [{ readonly port: number }];
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) await soak(port);
  const before = await heapBytes(program);
  const endsAt = Date.now() + MINUTES * 60_000;
  for (let round = 0; round < ROUNDS || Date.now() < endsAt; round += 1) await soak(port);
  expect((await heapBytes(program)) - before).toBeLessThan(MAX_GROWTH_BYTES);
});
