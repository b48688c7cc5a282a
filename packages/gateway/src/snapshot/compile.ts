import { type Route, type Snapshot, snapshotSchema } from "@wherefrom/model";
import { createResolver, escapeText, PolicyError, parsePolicy, type Resolver } from "wherefrom";
import { createRouteTable, type RouteTable, routeKey } from "../route/route-table.ts";
import type { SnapshotIssue, SnapshotIssueCode } from "./issue.ts";

/** A snapshot ready for use. It never changes: the gateway swaps one for another. */
export type CompiledSnapshot = {
  readonly organization: string;
  readonly environment: string;
  readonly revision: number;
  readonly resolver: Resolver;
  readonly routes: RouteTable;
};

/** A snapshot is used whole or not at all. */
export type Compilation =
  | { readonly kind: "compiled"; readonly snapshot: CompiledSnapshot }
  | { readonly kind: "refused"; readonly issues: readonly SnapshotIssue[] };

/** Validates a snapshot and builds what requests need of it. Finds all faults at once; throws none of them. */
export function compileSnapshot(json: unknown): Compilation {
  const shape = snapshotSchema.safeParse(json);
  if (!shape.success) {
    const issues = shape.error.issues.map(({ path, message }) =>
      issueAt({ json, path, code: "SNAPSHOT_FIELD_INVALID", expected: message }),
    );
    return { kind: "refused", issues: [...issues, ...policyIssues(policyIn(json))] };
  }
  const { data } = shape;
  const issues = [...policyIssues(data.clientIpResolutionConfig), ...routeIssues(data.routes)];
  if (issues.length > 0) return { kind: "refused", issues };
  return { kind: "compiled", snapshot: build(data) };
}

/** All issues in one line, for a log. */
export function describeIssues(issues: readonly SnapshotIssue[]): string {
  return issues.map((issue) => issue.message).join("; ");
}

function build({ organization, environment, revision, clientIpResolutionConfig, routes }: Snapshot): CompiledSnapshot {
  const resolver = createResolver(parsePolicy(clientIpResolutionConfig));
  return { organization, environment, revision, resolver, routes: createRouteTable(routes) };
}

const POLICY_POINTER = "/clientIpResolutionConfig";

function policyIssues(config: unknown): SnapshotIssue[] {
  if (typeof config !== "object" || config === null) return [];
  try {
    parsePolicy(config);
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.issues.map((issue) => ({
      ...issue,
      pointer: `${POLICY_POINTER}${issue.pointer}`,
      message: `${POLICY_POINTER}${issue.message}`,
    }));
  }
}

function policyIn(json: unknown): unknown {
  return typeof json === "object" && json !== null && "clientIpResolutionConfig" in json ? json.clientIpResolutionConfig : undefined;
}

/** Two routes for the same place, or with the same name: which one would win is nobody's decision. */
function routeIssues(routes: readonly Route[]): SnapshotIssue[] {
  const names = new Set<string>();
  const places = new Set<string>();
  const issues: SnapshotIssue[] = [];
  routes.forEach((route, index) => {
    const place = routeKey(route);
    if (names.has(route.name)) {
      issues.push(
        issueAt({
          json: { routes },
          path: ["routes", index, "name"],
          code: "SNAPSHOT_ROUTE_NAME_TWICE",
          expected: "Expected a name that no other route has",
        }),
      );
    }
    if (places.has(place)) {
      issues.push(
        issueAt({
          json: { routes },
          path: ["routes", index, "basePath"],
          code: "SNAPSHOT_ROUTES_OVERLAP",
          expected: "Expected a host and base path that no other route has",
        }),
      );
    }
    names.add(route.name);
    places.add(place);
  });
  return issues;
}

type IssueParts = {
  readonly json: unknown;
  readonly path: readonly PropertyKey[];
  readonly code: SnapshotIssueCode;
  readonly expected: string;
};

function issueAt({ json, path, code, expected }: IssueParts): SnapshotIssue {
  const pointer = path.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
  const given = describe(valueAt(json, path));
  return { code, pointer, expected, given, message: `${pointer === "" ? "the snapshot" : pointer}: ${expected}, received ${given}` };
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  let value = json;
  for (const key of path) value = typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  return value;
}

/** Longest text of a value in an issue, in characters. */
const MAX_SHOWN_LENGTH = 80;

function describe(value: unknown): string {
  return value === undefined ? "nothing" : escapeText(JSON.stringify(value), MAX_SHOWN_LENGTH);
}
