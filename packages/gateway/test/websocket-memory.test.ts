import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { HANDSHAKE, SWITCHING } from "./rig/handshake.ts";
import { own } from "./rig/owned.ts";
import { openTarget } from "./rig/target.ts";
import { type Conversation, converse } from "./rig/wire.ts";

const PROGRAM = fileURLToPath(new URL("gateway-process.mjs", import.meta.url));
const CONNECTIONS = 2_000;
const AT_ONCE = 50;
const MAX_BYTES = 25 * 1_024;

const CLOSED = 400;
const AT_ONE_TIME = 4;
/** Node itself leaves 1.7 KB of each connection that it accepts. A socket that stays, or the hidden classes of its options, are 1.6 KB more at least. */
const MAX_LEFT_BYTES = 3 * 1_024;

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

/** A gateway in front of an echo. */
async function start(...flags: string[]): Promise<ChildProcess> {
  const target = await openTarget(undefined, (_request, socket) => {
    socket.on("error", () => undefined);
    socket.write(SWITCHING);
    socket.pipe(socket);
  });
  own(target);
  const program = fork(PROGRAM, [target.origin], { execArgv: ["--expose-gc", ...flags] });
  own({ close: async () => void program.kill("SIGKILL") });
  return program;
}

async function ask(program: ChildProcess, question: string): Promise<number> {
  program.send({ ask: question });
  return (await next(program)).bytes;
}

test(`${CONNECTIONS} idle WebSockets cost a gateway at most ${MAX_BYTES} bytes each, and all of them work`, async () => {
  const program = await start();
  const { port } = await next(program);
  // What it takes for its code and its first requests is none of a connection's.
  const first = await openMany(port, AT_ONCE);
  const before = await ask(program, "memory");
  const idle = await openMany(port, CONNECTIONS);
  expect(((await ask(program, "memory")) - before) / CONNECTIONS).toBeLessThan(MAX_BYTES);
  await Promise.all(
    [...first, ...idle].map(async (conversation, index) => {
      conversation.write(`<${index}>`);
      await conversation.readUntil(new RegExp(`<${index}>`));
      conversation.socket.destroy();
    }),
  );
});

test("a WebSocket that has closed is gone with the next small collection", async () => {
  // Room enough for none of them to be old before it is closed.
  const program = await start("--min-semi-space-size=16");
  const { port } = await next(program);
  const openAndClose = async (): Promise<void> => {
    for (let done = 0; done < CLOSED; done += AT_ONE_TIME) {
      const some = await openMany(port, AT_ONE_TIME);
      await Promise.all(some.map(({ socket }) => once(socket.end(), "close")));
    }
  };
  // What is kept for good is none of a connection's, and the code has to be as it is for long.
  await openAndClose();
  await ask(program, "memory");
  const before = await ask(program, "old");
  await openAndClose();
  expect(((await ask(program, "old")) - before) / CLOSED).toBeLessThan(MAX_LEFT_BYTES);
});
