import { debugTransactionSchema, deliveredTransactionSchema } from "@wherefrom/model";
import { z } from "zod";
import type { DebugSessionKey, KeptTransaction } from "../config-store/debug-port.ts";
import { StoreUnavailable } from "../config-store/port.ts";
import { debugOf } from "../debug-content.ts";
import { openTail } from "../debug-tails.ts";
import { ApiError, refuseFaults } from "../http/api-error.ts";
import { EMPTY } from "../http/empty.ts";
import { type Call, type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { acceptsEvents, EVENT_STREAM } from "../http/event-stream.ts";
import { violationsOf } from "../http/violations.ts";
import { until, type Wakers } from "../until.ts";
import { requireSession } from "./debug-sessions.ts";
import { requireEnvironment } from "./environments.ts";
import { gatewayNameOf } from "./gateways.ts";

const keptSchema = z
  .object({ id: z.string(), gateway: z.string(), transaction: debugTransactionSchema })
  .meta({ id: "RecordedTransaction" });

/** With `Accept: text/event-stream` each request is sent as it is recorded, until the session is over. */
export const listDebugData: Endpoint = {
  summary: "What a debug session recorded on all gateways: JSON or event stream",
  answers: z.object({ transactions: z.array(keptSchema) }).meta({ id: "ListDebugDataResponse" }),
  async handle(call) {
    const key = await requireKey(call);
    if (acceptsEvents(call.header("accept"))) return streamAnswer(call, key);
    return jsonAnswer({ transactions: await call.parts.store.debug.list(key, oldestOf(call)) });
  },
};

export const getDebugTransaction: Endpoint = {
  summary: "One request that a debug session recorded",
  answers: debugTransactionSchema,
  async handle(call) {
    const id = call.param("transaction");
    const kept = await call.parts.store.debug.transaction(await requireKey(call), { id, since: oldestOf(call) });
    if (kept !== undefined) return jsonAnswer(kept.transaction);
    throw new ApiError("DEBUG_TRANSACTION_NOT_FOUND", `Transaction: Expected one that is kept, received ${JSON.stringify(id)}`);
  },
};

/** The session goes on: what it records from now on is kept. */
export const deleteDebugData: Endpoint = {
  summary: "Deletes what a debug session recorded",
  answers: EMPTY,
  async handle(call) {
    await call.parts.store.debug.delete(await requireKey(call));
    return jsonAnswer({});
  },
};

const deliverySchema = z
  .strictObject({ transactions: z.array(deliveredTransactionSchema).min(1).max(100) })
  .meta({ id: "DeliverTransactionsRequest" });

/** What belongs to no session of the environment is dropped: the session was deleted, or never was. */
export const deliverTransactions: Endpoint = {
  summary: "For gateways: hands over what debug sessions recorded",
  takes: deliverySchema,
  takesLargeBody: true,
  answers: EMPTY,
  async handle(call) {
    const gateway = gatewayNameOf(call.param("gateway"));
    const body = await call.body();
    const parsed = deliverySchema.safeParse(body);
    if (!parsed.success) refuseFaults(violationsOf(parsed.error, body));
    const { sessions } = debugOf(await requireEnvironment(call.store, call.param("env")));
    const { transactions } = deliverySchema.parse(body);
    const at = call.parts.now();
    for (const { id: session } of sessions) {
      const own = transactions.filter((delivered) => delivered.session === session);
      const kept = own.map(({ id, transaction }) => ({ id, gateway, transaction }));
      if (kept.length > 0) await call.parts.store.debug.add(keyOf(call, session), { transactions: kept, at });
    }
    for (const wake of [...call.parts.debugTails.wakers]) wake();
    return jsonAnswer({});
  },
};

function keyOf({ organization, param }: Call, session: string): DebugSessionKey {
  return { organization, environment: param("env"), session };
}

async function requireKey(call: Call): Promise<DebugSessionKey> {
  return keyOf(call, (await requireSession(call)).session.id);
}

/** What came before is kept for nobody any more. */
function oldestOf({ parts }: Call): number {
  return parts.now() - parts.limits.debugDataMaxAgeMs;
}

/**
 * Begins with what is there. What a gateway hands over to this control follows at once, and what another one gets within `debugPollMs`. Ends with the
 * session, with control, or with the reader.
 */
function streamAnswer(call: Call, key: DebugSessionKey): Response {
  const { debugTails, limits, publisher, store } = call.parts;
  const close = openTail(debugTails, limits.maxStreams);
  const sent = new Set<string>();
  const encoder = new TextEncoder();
  const gone = new AbortController();
  const nextEvent = async (): Promise<string | undefined> => {
    for (const id of await store.debug.ids(key, oldestOf(call))) {
      const kept = sent.has(id) ? undefined : await store.debug.transaction(key, { id, since: oldestOf(call) });
      sent.add(id);
      if (kept !== undefined) return eventOf(kept);
    }
    return undefined;
  };
  // whether it is over is asked first, so that what came last is shown
  const look = async (): Promise<Seen> => {
    const isOver = publisher.isClosed() || (await isSessionOver(call, key.session));
    return { isOver, event: await nextEvent() };
  };
  const follow = async (): Promise<string | undefined> => {
    const heartbeatAt = performance.now() + limits.streamHeartbeatMs;
    while (!gone.signal.aborted) {
      const woken = wakeOnce(debugTails.wakers, { timeoutMs: limits.debugPollMs, signals: [gone.signal] });
      const { event, isOver } = await look().catch(whenStoreIsBack);
      if (event !== undefined || isOver) return event;
      if (performance.now() >= heartbeatAt) return ": still here\n\n";
      await woken;
    }
    return undefined;
  };
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const event = await follow().catch((error: unknown) => {
        close();
        throw error;
      });
      if (event !== undefined) return controller.enqueue(encoder.encode(event));
      close();
      if (!gone.signal.aborted) controller.close();
    },
    cancel() {
      gone.abort();
      close();
    },
  });
  return new Response(body, { headers: { ...EVENT_STREAM } });
}

type Seen = { readonly event: string | undefined; readonly isOver: boolean };

/** A database that is away ends nothing. */
function whenStoreIsBack(error: unknown): Seen {
  if (error instanceof StoreUnavailable) return { event: undefined, isOver: false };
  throw error;
}

/** Resolves when somebody wakes it, or the time is over. */
async function wakeOnce(wakers: Wakers, options: Parameters<typeof until>[2]): Promise<void> {
  let isFirstLook = true;
  const look = (): true | undefined => {
    if (!isFirstLook) return true;
    isFirstLook = false;
    return undefined;
  };
  await until(wakers, look, options);
}

/** One that is forgotten, or whose environment is deleted, is over too. */
async function isSessionOver({ store, parts, param }: Call, id: string): Promise<boolean> {
  const record = await store.read(param("env"));
  const session = record && debugOf(record).sessions.find((stored) => stored.id === id);
  return session === undefined || session.endsAt <= parts.now();
}

function eventOf(kept: KeptTransaction): string {
  return `event: transaction\nid: ${kept.id}\ndata: ${JSON.stringify(kept)}\n\n`;
}
