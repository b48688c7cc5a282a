import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  canonicalJson,
  keepsEvidence,
  providersWith,
  type Route,
  SecurityActions,
  type Snapshot,
  snapshotRangesSchema,
  snapshotSchema,
} from "@wherefrom/model";
import { createResolver, PolicyError, type Providers, parsePolicy, type Resolver } from "wherefrom";
import { type CompiledSession, compileSessions } from "../debug/compiled-session.ts";
import { issueAt, shapeIssues } from "../json-issue.ts";
import { createRouteTable, type RouteTable, routeKey } from "../route/route-table.ts";
import { type LoadedTlsMap, loadTargetTls, type ReadFile, type TlsFault } from "../route/target-tls.ts";
import type { SnapshotIssue } from "./issue.ts";

/** A snapshot ready for use. It never changes: the gateway swaps one for another. */
export type CompiledSnapshot = {
  readonly organization: string;
  readonly environment: string;
  readonly revision: number;
  /** Of policy, ranges and routes: the same on revisions that differ only in security actions and debug sessions. */
  readonly policyDigest: string;
  readonly resolver: Resolver;
  /** Resolves each request to its peer, in the same groups as the policy: for an address that is known already. */
  readonly peers: Resolver;
  /** Of which headers events have the lines, by their names in lower case. */
  readonly keepsEvidence: (name: string) => boolean;
  readonly routes: RouteTable;
  readonly securityActions: SecurityActions;
  readonly debugSessions: readonly CompiledSession[];
};

/** A snapshot is used whole or not at all. */
export type Compilation =
  | { readonly kind: "compiled"; readonly snapshot: CompiledSnapshot }
  | { readonly kind: "refused"; readonly issues: readonly SnapshotIssue[] };

/** Validates a snapshot and builds what requests need of it. Finds all faults at once; throws none of them. */
export function compileSnapshot(json: unknown, readFile: ReadFile = readText): Compilation {
  const shape = snapshotSchema.safeParse(json);
  if (!shape.success) {
    const issues = shapeIssues(json, { found: shape.error.issues, code: "SNAPSHOT_FIELD_INVALID" });
    return { kind: "refused", issues: [...issues, ...policyIssues(fieldOf(json, "clientIpResolutionConfig"), providersOf(json))] };
  }
  const { data } = shape;
  const tls = loadTargetTls(data.routes, readFile);
  const issues = [
    ...policyIssues(data.clientIpResolutionConfig, providersWith(data.ranges)),
    ...routeIssues(data.routes),
    ...tlsIssues(data, tls.faults),
  ];
  if (issues.length > 0) return { kind: "refused", issues };
  return { kind: "compiled", snapshot: build(data, tls.loaded) };
}

function readText(path: string): string {
  return readFileSync(path, "utf8");
}

function build(snapshot: Snapshot, tls: LoadedTlsMap): CompiledSnapshot {
  const {
    organization,
    environment,
    revision,
    clientIpResolutionConfig,
    ranges,
    routes,
    securityActions = [],
    bots = [],
    debugSessions = [],
  } = snapshot;
  const policy = parsePolicy(clientIpResolutionConfig, { providers: providersWith(ranges) });
  const resolver = createResolver(policy);
  const peers = createResolver(parsePolicy({ peerAddressAlgorithm: {}, ipv6GroupPrefix: policy.ipv6GroupPrefix }));
  return {
    organization,
    environment,
    revision,
    policyDigest: digestOf({ clientIpResolutionConfig, ranges, routes }),
    resolver,
    peers,
    keepsEvidence: keepsEvidence(policy),
    routes: createRouteTable(routes, tls),
    securityActions: new SecurityActions(securityActions, bots),
    debugSessions: compileSessions(debugSessions),
  };
}

function digestOf(told: Pick<Snapshot, "clientIpResolutionConfig" | "ranges" | "routes">): string {
  return createHash("sha256").update(canonicalJson(told)).digest("base64url");
}

const POLICY_POINTER = "/clientIpResolutionConfig";

function policyIssues(config: unknown, providers: Providers): SnapshotIssue[] {
  if (typeof config !== "object" || config === null) return [];
  try {
    parsePolicy(config, { providers });
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

/** Of a snapshot that has faults elsewhere. Where the ranges are faulty themselves, what is built in has to do. */
function providersOf(json: unknown): Providers {
  return providersWith(snapshotRangesSchema.safeParse(fieldOf(json, "ranges")).data);
}

function fieldOf(json: unknown, name: string): unknown {
  return typeof json === "object" && json !== null ? (json as Readonly<Record<string, unknown>>)[name] : undefined;
}

function tlsIssues(json: Snapshot, faults: readonly TlsFault[]): SnapshotIssue[] {
  return faults.map(({ path, expected }) => issueAt({ json, path: ["routes", ...path], code: "SNAPSHOT_TLS_UNUSABLE", expected }));
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
