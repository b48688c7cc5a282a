/** What a field of a log line is taken for. */
export type Role =
  /** The far end of the socket, as the server saw it. `hasPort`: its port stands behind it. */
  | { readonly kind: "peer"; readonly hasPort: boolean }
  /** A header field of the request, by its name in lower case. */
  | { readonly kind: "header"; readonly name: string }
  /** One of HAProxy's captured request headers among the others, counted from 1. */
  | { readonly kind: "capture"; readonly name: string; readonly slot: number }
  /** What the server itself took for the client, and how far it can be relied upon. Wherefrom's own log says it. */
  | { readonly kind: "recorded"; readonly what: "ip" | "trust" | "outcome" | "reason" }
  /** `word`: a value without blanks, as a size. `captures`: all that HAProxy captured. `other`: nobody asks about it. */
  | { readonly kind: "time" | "status" | "request" | "word" | "captures" | "other" };

/** Roles that say who a request is from. A line's values of them, together, are its evidence. */
export type EvidenceRole = Extract<Role, { readonly kind: "peer" | "header" | "capture" | "recorded" }>;

export function isEvidence(role: Role): role is EvidenceRole {
  return role.kind === "peer" || role.kind === "header" || role.kind === "capture" || role.kind === "recorded";
}

/** A field that nobody asks about. */
export const OTHER: Role = { kind: "other" };

/** Headers by which a client's address is told. Other headers of a log are not read. */
const FORWARDING =
  /^(?:x-forwarded-for|forwarded|x-real-ip|x-client-ip|true-client-ip|cf-connecting-ip|fastly-client-ip|x-original-forwarded-for|x-envoy-external-address)$/;

/** The role of a request's header: those that tell an address, and those that a policy names. */
export function headerRole(name: string): Role {
  return { kind: "header", name: name.toLowerCase() };
}

/** Whether the header tells an address, or a policy reads it. */
export function isWanted(role: Role, policyHeaders: ReadonlySet<string>): boolean {
  return role.kind !== "header" || FORWARDING.test(role.name) || policyHeaders.has(role.name);
}
