import { onTestFinished } from "vitest";
import type { ControlUnderTest, Json } from "./control-under-test.ts";

export type StreamedEvent = {
  readonly event: string | undefined;
  readonly id: string | undefined;
  readonly data: Json;
  readonly comment: string | undefined;
};

/** A gateway's event stream, read chunk by chunk from a real connection. */
export type GatewayStream = {
  readonly headers: Headers;
  /** The next event or comment; `undefined` when control has ended the stream. */
  next(): Promise<StreamedEvent | undefined>;
  /** Goes away, as a gateway does that was killed. */
  leave(): void;
};

/** Opens a stream of the environment `demo`, for a gateway of that name or for nobody in particular. */
export async function openStream({ get }: ControlUnderTest, gateway?: string): Promise<GatewayStream> {
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const query = gateway === undefined ? "" : `?gatewayId=${gateway}`;
  const response = await get(`/demo/snapshot${query}`, { headers: { accept: "text/event-stream" }, signal: leaving.signal });
  const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  let buffered = "";
  return {
    headers: response.headers,
    leave: () => leaving.abort(),
    async next() {
      for (;;) {
        const end = buffered.indexOf("\n\n");
        if (end !== -1) {
          const block = buffered.slice(0, end);
          buffered = buffered.slice(end + 2);
          return eventOf(block);
        }
        const { done, value } = await reader.read();
        if (done) return undefined;
        buffered += value;
      }
    },
  };
}

function eventOf(block: string): StreamedEvent {
  const field = (name: string): string | undefined => new RegExp(`^${name}: ?(.*)$`, "m").exec(block)?.[1];
  const data = field("data");
  return { event: field("event"), id: field("id"), data: data === undefined ? undefined : JSON.parse(data), comment: field("") };
}
