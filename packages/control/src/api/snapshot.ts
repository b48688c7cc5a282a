import { snapshotSchema } from "@wherefrom/model";
import { deliveryOf, type SentSnapshot } from "../delivery.ts";
import { ApiError, refuseFaults } from "../http/api-error.ts";
import { type Call, type Endpoint, type JsonAnswer, jsonAnswer } from "../http/endpoint.ts";
import { etagOf, isKnownTo } from "../http/etag.ts";
import { acceptsEvents, EVENT_STREAM } from "../http/event-stream.ts";
import { shownValue } from "../http/violations.ts";
import type { ControlParts } from "../parts.ts";
import { environmentName } from "./environment-json.ts";
import { requireEnvironment } from "./environments.ts";
import { gatewayNameOf } from "./gateways.ts";

/**
 * An environment as gateways take it: at once, by ETag long-poll (`waitMs`), or as a stream of server-sent events that
 * begins with the present snapshot. `gatewayId` says which gateway asks, so that writes wait for it, and it may be the first to try a
 * revision.
 */
export const getSnapshot: Endpoint = {
  summary: "The snapshot for gateways: JSON, long-poll or event stream",
  answers: snapshotSchema,
  query: {
    waitMs: { type: "integer", format: "int32", description: "How long to wait for another revision than that of If-None-Match" },
    gatewayId: { type: "string", description: "Name of the gateway that asks" },
  },
  async handle(call) {
    const { parts } = call;
    const name = call.param("env");
    const waitMs = readWait(call);
    const gateway = call.query.has("gatewayId") ? gatewayNameOf(call.query.get("gatewayId") ?? "") : undefined;
    const delivery = await deliveryOf(parts, call.organization, await requireEnvironment(call.store, name));
    const sent = delivery.snapshotFor(gateway);
    if (acceptsEvents(call.header("accept"))) return streamAnswer(parts, { first: sent, gateway });
    const { revision } = sent.snapshot;
    if (!isKnownTo(call.header("if-none-match"), revision)) return snapshotAnswer(sent);
    const awaited = await parts.publisher.next(environmentName(call.organization, name), {
      after: revision,
      gateway,
      timeoutMs: waitMs,
      signal: call.signal,
    });
    switch (awaited.kind) {
      case "snapshot":
        return snapshotAnswer(awaited.sent);
      case "gone":
        throw new ApiError("ENVIRONMENT_NOT_FOUND", `Environment: Expected one that exists, received ${name}, which was deleted`);
      case "unchanged":
        return new Response(null, { status: 304, headers: { etag: etagOf(revision) } });
    }
  },
};

function snapshotAnswer({ snapshot }: SentSnapshot): JsonAnswer {
  return jsonAnswer(snapshot, etagOf(snapshot.revision));
}

function readWait({ query, parts }: Call): number {
  const text = query.get("waitMs") ?? "0";
  const { maxPollWaitMs } = parts.limits;
  const waitMs = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (waitMs <= maxPollWaitMs) return waitMs;
  const description = `Expected whole milliseconds from 0 to ${maxPollWaitMs}, received ${shownValue(text)}`;
  refuseFaults([{ field: "waitMs", description }], "QUERY_INVALID");
  return 0;
}

type StreamStart = { readonly first: SentSnapshot; readonly gateway: string | undefined };

/**
 * Server-sent events. An event is made only when the reader has taken the one before, so a slow reader skips snapshots and costs
 * no memory. A deleted environment and a closing control end the stream.
 */
function streamAnswer({ publisher, limits }: ControlParts, { first, gateway }: StreamStart): Response {
  if (publisher.streams() >= limits.maxStreams) {
    throw new ApiError("TOO_MANY_STREAMS", `Streams: Expected at most ${limits.maxStreams} at a time, received one more`);
  }
  const { snapshot } = first;
  const environment = environmentName(snapshot.organization, snapshot.environment);
  const disconnect = publisher.connect(environment, gateway);
  const gone = new AbortController();
  const encoder = new TextEncoder();
  let after = snapshot.revision;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(eventOf(first))),
    async pull(controller) {
      const awaited = await publisher.next(environment, { after, gateway, timeoutMs: limits.streamHeartbeatMs, signal: gone.signal });
      if (gone.signal.aborted) return;
      if (awaited.kind === "gone" || (awaited.kind === "unchanged" && publisher.isClosed())) {
        disconnect();
        controller.close();
        return;
      }
      if (awaited.kind === "snapshot") after = awaited.sent.snapshot.revision;
      controller.enqueue(encoder.encode(awaited.kind === "snapshot" ? eventOf(awaited.sent) : ": still here\n\n"));
    },
    cancel() {
      gone.abort();
      disconnect();
    },
  });
  return new Response(body, { headers: { ...EVENT_STREAM, etag: etagOf(snapshot.revision) } });
}

function eventOf({ snapshot, text }: SentSnapshot): string {
  return `event: snapshot\nid: r${snapshot.revision}\ndata: ${text}\n\n`;
}
