import { z } from "zod";

const HOST = /^(\*|(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\])$/;
const BASE_PATH = /^\/[^\s?#]*$/;
const ROUTE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

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

/** Where requests for a host and a base path go. Not a policy: every route of an environment resolves alike. */
export const routeSchema = z.strictObject({
  name: z.string().regex(ROUTE_NAME, "Expected 1 to 63 letters, digits, dots, underscores or hyphens, the first a letter or digit"),
  /** Host without port: `*` matches any host, `*.example.com` any name below it. An exact host wins over a pattern. */
  host: z.string().regex(HOST, "Expected a host name, *.domain or *").default("*"),
  /** A prefix by whole segments; the longest that matches wins. */
  basePath: z.string().regex(BASE_PATH, "Expected a path that starts with / and has no query").default("/"),
  /** Origin of the target. The request's own path is kept. */
  target: z.string().refine(isOrigin, "Expected http://host:port or https://host:port and nothing after it"),
  /** What the target gets as forwarding headers: only the resolved client, or the verified part of the chain and the peer. */
  forwardedHeaders: z.enum(["replace", "append"]).default("replace"),
  /** Status for a request that has no address. */
  rejectStatus: z.int().min(400).max(499).default(400),
  /** Sends the explanation and the flow variables to the target in `X-Wherefrom-Explanation`. For diagnosis. */
  sendExplanation: z.boolean().default(false),
});

/** A route with every default filled in. */
export type Route = z.output<typeof routeSchema>;
