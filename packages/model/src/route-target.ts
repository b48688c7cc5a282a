import { z } from "zod";

/** The longest time that a timeout may allow: a day. */
const MAX_TIMEOUT_MS = 86_400_000;

/** Whether a text is a target origin: `http://` or `https://`, a host, an optional port, and nothing else. */
function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return (
    (url.protocol === "http:" || url.protocol === "https:") &&
    url.pathname === "/" &&
    url.search === "" &&
    url.hash === "" &&
    url.username === "" &&
    url.password === ""
  );
}

/** Origin of a target. The request's own path is kept. */
export const originSchema = z.string().refine(isOrigin, "Expected http://host:port or https://host:port and nothing after it");

const timeoutSchema = z.int().min(1).max(MAX_TIMEOUT_MS);

const targetTimeouts = {
  connectMs: timeoutSchema.optional().describe("Connecting, TLS handshake included"),
  headersMs: timeoutSchema.optional().describe("From the request sent to the header of the response"),
  bodyMs: timeoutSchema.optional().describe("Silence inside the response body"),
};

/** How long a target may take. What is absent is the gateway's limit. */
const targetTimeoutsSchema = z.strictObject(targetTimeouts).meta({ id: "TargetTimeouts" });

const TOTAL =
  "From the request's header to the last byte of the answer, retries included. Absent: none, as downloads and event streams take as long as they take";

/** The timeouts of a route: those of its targets where they name none, and one over everything. */
export const routeTimeoutsSchema = z
  .strictObject({ ...targetTimeouts, totalMs: timeoutSchema.optional().describe(TOTAL) })
  .meta({ id: "RouteTimeouts" });

/** One of the servers that a route goes to. */
export const routeTargetSchema = z
  .strictObject({ url: originSchema, timeouts: targetTimeoutsSchema.optional() })
  .meta({ id: "RouteTarget" });

export type RouteTarget = z.output<typeof routeTargetSchema>;
