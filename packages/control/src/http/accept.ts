/** Whether a client asks for an event stream by its `Accept`. Weights are not looked at: who names it wants it. */
export function acceptsEvents(accept: string | null): boolean {
  return (accept ?? "").split(",").some((range) => range.split(";")[0]?.trim().toLowerCase() === "text/event-stream");
}
