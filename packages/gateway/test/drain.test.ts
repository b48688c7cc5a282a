import { connect } from "node:net";
import type { GatewayLimits } from "@wherefrom/gateway";
import { afterEach, expect, test } from "vitest";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { openTarget } from "./rig/target.ts";
import { type Conversation, converse, until, wire } from "./rig/wire.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

function own<Thing extends { close(): Promise<void> }>(thing: Thing): Thing {
  open.push(thing);
  return thing;
}

const request = wire("GET / HTTP/1.1", "Host: a");
/** Long enough for a test that waits for something else. */
const LONG_MS = 60_000;

type Scene = { readonly gateway: TestGateway; readonly asked: () => number; readonly finishOne: () => void };

/** A gateway before a target that answers when the test says so, once for each call. */
async function scene(limits: Partial<GatewayLimits> = {}): Promise<Scene> {
  let asked = 0;
  const answers: (() => void)[] = [];
  const target = own(
    await openTarget((_request, response) => {
      asked += 1;
      answers.push(() => response.end("whole"));
    }),
  );
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }]), { limits }));
  return { gateway, asked: () => asked, finishOne: () => answers.shift()?.() };
}

async function inFlight({ gateway, asked }: Scene): Promise<Conversation> {
  const before = asked();
  const client = await converse(gateway.port);
  client.write(request);
  await until(() => asked() > before);
  return client;
}

/** Connects until nobody listens any more. */
async function untilRefused(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const code = await new Promise<string | undefined>((resolve) => {
      socket.once("connect", () => resolve(undefined));
      socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
    });
    socket.destroy();
    if (code === "ECONNREFUSED") return;
  }
}

test("requests in flight finish and say that they are the last, new connections are refused", async () => {
  const given = await scene({ drainTimeoutMs: LONG_MS });
  const clients = [await inFlight(given), await inFlight(given)];
  const closing = given.gateway.close();
  await untilRefused(given.gateway.port);
  for (const client of clients) {
    given.finishOne();
    expect(await client.readUntil(/whole/)).toMatch(/^Connection: close\r$/im);
    await client.closed;
  }
  await closing;
});

test("what does not finish within the window is cut", async () => {
  const given = await scene({ drainTimeoutMs: 50 });
  const client = await inFlight(given);
  await given.gateway.close();
  await client.closed;
});

test("before the window it goes on as before, and says that it is not ready", async () => {
  const given = await scene({ preStopDelayMs: 300, drainTimeoutMs: LONG_MS });
  const closing = given.gateway.close();
  expect(await given.gateway.readiness()).toMatchObject({ reasons: ["draining"] });
  const client = await inFlight(given);
  given.finishOne();
  expect(await client.readUntil(/whole/)).not.toMatch(/^Connection: close\r$/im);
  await closing;
  await client.closed;
});

test("closing twice is closing once", async () => {
  const { gateway } = await scene();
  expect(gateway.close()).toBe(gateway.close());
  await gateway.close();
});
