import { z } from "zod";
import { originSchema, type RouteTarget, routeTargetSchema, routeTimeoutsSchema } from "./route-target.ts";

const HOST = /^(\*|(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\])$/;
const BASE_PATH = /^\/[^\s?#]*$/;
const ROUTE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** Targets of one route. */
const MAX_TARGETS = 64;

/** Retries that a route may allow for one request. */
const MAX_RETRIES = 5;

/**
 * When a request that failed is sent once more. Only before a byte of an answer: any request that got no connection, and of the idempotent ones
 * without a body those whose connection broke or whose answer has one of the `statuses`. Another target comes before the same one.
 */
const retriesSchema = z
  .strictObject({
    max: z.int().min(0).max(MAX_RETRIES).default(1).describe("Retries of one request"),
    statuses: z
      .array(z.literal([500, 502, 503, 504]))
      .default([])
      .describe("Answers that are retried, unless they have a Retry-After, and that count as failures of the target"),
    budgetPercent: z
      .int()
      .min(0)
      .max(100)
      .default(10)
      .describe(
        "How many retries all requests of the route together may cause, as a share of them; ten are allowed to begin with, a hundred can be saved up",
      ),
  })
  .meta({ id: "RouteRetries" });

const routeFields = z.strictObject({
  name: z.string().regex(ROUTE_NAME, "Expected 1 to 63 letters, digits, dots, underscores or hyphens, the first a letter or digit"),
  host: z
    .string()
    .regex(HOST, "Expected a host name, *.domain or *")
    .default("*")
    .describe("Host without port: * matches any host, *.example.com any name below it. An exact host wins over a pattern"),
  basePath: z
    .string()
    .regex(BASE_PATH, "Expected a path that starts with / and has no query")
    .default("/")
    .describe("A prefix by whole segments; the longest that matches wins"),
  target: originSchema.optional().describe("The only target: short for targets with one that has nothing but its URL"),
  targets: z.array(routeTargetSchema).min(1, "Expected at least one target").max(MAX_TARGETS).optional(),
  balancing: z
    .enum(["round-robin", "least-busy"])
    .default("round-robin")
    .describe(
      "Which of several targets is next: each in turn, or the one with the fewest requests and WebSockets open through this gateway",
    ),
  timeouts: routeTimeoutsSchema.optional(),
  retries: retriesSchema.prefault({}),
  forwardedHeaders: z
    .enum(["replace", "append"])
    .default("replace")
    .describe("What the target gets as forwarding headers: only the resolved client, or the verified part of the chain and the peer"),
  rejectStatus: z.int().min(400).max(499).default(400).describe("Status for a request that has no address"),
  sendExplanation: z
    .boolean()
    .default(false)
    .describe("Sends the explanation and the flow variables to the target in X-Wherefrom-Explanation. For diagnosis"),
});

type MaybeTargets = { readonly target?: unknown; readonly targets?: unknown };

/** Says it beside the other faults of a route, and not only once those are mended. */
const evenWithOtherFaults = { when: ({ value }: { value: unknown }) => typeof value === "object" && value !== null };

/** Where requests for a host and a base path go. Not a policy: every route of an environment resolves alike. */
export const routeSchema = routeFields
  .refine(({ target, targets }: MaybeTargets) => target !== undefined || targets !== undefined, {
    path: ["target"],
    error: "Expected a target, or a list of targets",
    ...evenWithOtherFaults,
  })
  .refine(({ target, targets }: MaybeTargets) => target === undefined || targets === undefined, {
    path: ["targets"],
    error: "Expected no targets beside target: name one, or a list of all of them",
    ...evenWithOtherFaults,
  })
  .refine(({ targets }) => targets === undefined || new Set(targets.map(placeOf)).size === targets.length, {
    path: ["targets"],
    error: "Expected each target once",
  })
  .meta({ id: "Route" });

/** A route with every default filled in. */
export type Route = z.output<typeof routeSchema>;

/** The targets of a route, in whichever form it names them. */
export function targetsOf({ target, targets }: Pick<Route, "target" | "targets">): readonly RouteTarget[] {
  return targets ?? (target === undefined ? [] : [{ url: target, http2: false }]);
}

/** What a target is reached at, in one spelling. A URL that is none is a fault of its own. */
function placeOf({ url, socketPath = "" }: RouteTarget): string {
  return `${URL.canParse(url) ? new URL(url).origin : url} ${socketPath}`;
}
