/** Whether a client asks for an event stream by its `Accept`. Weights are not looked at: who names it wants it. */
export function acceptsEvents(accept: string | null): boolean {
  return (accept ?? "").split(",").some((range) => range.split(";")[0]?.trim().toLowerCase() === "text/event-stream");
}

/** Header fields of an event stream. nginx would collect what it passes on, and hold back even the header, unless it is told not to. */
export const EVENT_STREAM = { "content-type": "text/event-stream", "x-accel-buffering": "no" } as const;
