import { debugTransactionSchema, deliveredTransactionSchema } from "@wherefrom/model";
import { z } from "zod";
import { debugOf } from "../debug-content.ts";
import type { KeptTransaction } from "../debug-data.ts";
import { acceptsEvents } from "../http/accept.ts";
import { ApiError, refuseFaults } from "../http/api-error.ts";
import { EMPTY } from "../http/empty.ts";
import { type Call, type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { violationsOf } from "../http/violations.ts";
import { requireSession } from "./debug-sessions.ts";
import { environmentName } from "./environment-json.ts";
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
    const { session } = await requireSession(call);
    if (acceptsEvents(call.header("accept"))) return streamAnswer(call, session);
    return jsonAnswer({ transactions: call.parts.debugData.list(placeOf(call), session.id) });
  },
};

export const getDebugTransaction: Endpoint = {
  summary: "One request that a debug session recorded",
  answers: debugTransactionSchema,
  async handle(call) {
    const { id } = (await requireSession(call)).session;
    const kept = call.parts.debugData.get(placeOf(call), id, call.param("transaction"));
    if (kept !== undefined) return jsonAnswer(kept.transaction);
    throw new ApiError(
      "DEBUG_TRANSACTION_NOT_FOUND",
      `Transaction: Expected one that is kept, received ${JSON.stringify(call.param("transaction"))}`,
    );
  },
};

/** The session goes on: what it records from now on is kept. */
export const deleteDebugData: Endpoint = {
  summary: "Deletes what a debug session recorded",
  answers: EMPTY,
  async handle(call) {
    const { id } = (await requireSession(call)).session;
    call.parts.debugData.delete(placeOf(call), id);
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
    const known = new Set(sessions.map(({ id }) => id));
    for (const delivered of deliverySchema.parse(body).transactions) {
      if (known.has(delivered.session)) call.parts.debugData.add(placeOf(call), { gateway, delivered });
    }
    return jsonAnswer({});
  },
};

function placeOf({ organization, param }: Call): string {
  return environmentName(organization, param("env"));
}

/** Begins with what is there. Ends with the session, with control, or with the reader. */
function streamAnswer(call: Call, { id, endsAt }: { readonly id: string; readonly endsAt: number }): Response {
  const { debugData, limits, now, publisher } = call.parts;
  const place = placeOf(call);
  const sent = new Set<string>();
  const encoder = new TextEncoder();
  const gone = new AbortController();
  const send = (controller: ReadableStreamDefaultController<Uint8Array>): boolean => {
    const fresh = debugData.list(place, id).filter((kept) => !sent.has(kept.id));
    for (const kept of fresh) {
      sent.add(kept.id);
      controller.enqueue(encoder.encode(eventOf(kept)));
    }
    return fresh.length > 0;
  };
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      while (!send(controller)) {
        if (gone.signal.aborted) return;
        if (now() >= endsAt || publisher.isClosed()) return controller.close();
        await debugData.changed({ timeoutMs: Math.min(limits.streamHeartbeatMs, Math.max(endsAt - now(), 1)), signal: gone.signal });
        if (debugData.list(place, id).every((kept) => sent.has(kept.id)) && !gone.signal.aborted)
          return controller.enqueue(encoder.encode(": still here\n\n"));
      }
    },
    cancel: () => gone.abort(),
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

function eventOf(kept: KeptTransaction): string {
  return `event: transaction\nid: ${kept.id}\ndata: ${JSON.stringify(kept)}\n\n`;
}
