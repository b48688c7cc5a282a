import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { HANDSHAKE, SWITCHING } from "./rig/handshake.ts";
import { openTarget } from "./rig/target.ts";
import { type Conversation, converse } from "./rig/wire.ts";

const PROGRAM = fileURLToPath(new URL("gateway-process.mjs", import.meta.url));
const CONNECTIONS = 2_000;
const AT_ONCE = 50;
const MAX_BYTES = 25 * 1_024;

async function openWebSocket(port: number): Promise<Conversation> {
  const conversation = await converse(port);
  conversation.write(HANDSHAKE);
  await conversation.readUntil(/^HTTP\/1\.1 101 /);
  return conversation;
}

async function openMany(port: number, count: number): Promise<Conversation[]> {
  const opened: Conversation[] = [];
  while (opened.length < count) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - opened.length) }, () => openWebSocket(port));
    opened.push(...(await Promise.all(some)));
  }
  return opened;
}

/** What a program tells next. */
function next(program: ChildProcess): Promise<{ readonly port: number; readonly bytes: number }> {
  return new Promise((resolve) => program.once("message", resolve));
}

test(`${CONNECTIONS} idle WebSockets cost a gateway at most ${MAX_BYTES} bytes each, and all of them work`, async () => {
  const target = await openTarget(undefined, (_request, socket) => {
    socket.on("error", () => undefined);
    socket.write(SWITCHING);
    socket.pipe(socket);
  });
  const program = fork(PROGRAM, [target.origin], { execArgv: ["--expose-gc"] });
  const memory = async (): Promise<number> => {
    program.send({ ask: "memory" });
    return (await next(program)).bytes;
  };
  const { port } = await next(program);
  // What it takes for its code and its first requests is none of a connection's.
  const first = await openMany(port, AT_ONCE);
  const before = await memory();
  const idle = await openMany(port, CONNECTIONS);
  expect(((await memory()) - before) / CONNECTIONS).toBeLessThan(MAX_BYTES);
  await Promise.all(
    [...first, ...idle].map(async (conversation, index) => {
      conversation.write(`<${index}>`);
      await conversation.readUntil(new RegExp(`<${index}>`));
      conversation.socket.destroy();
    }),
  );
  program.kill();
  await target.close();
});
