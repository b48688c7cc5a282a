import type { Generated } from "kysely";
import type { IncidentState } from "./incident-port.ts";
import type { QueryState } from "./query-port.ts";

/**
 * Tables of the store. `content`, `operation`, `entry` and `report` are JSON text. The row of `environments` and `environment_history` with
 * the empty name is the organization itself. What stands is what its revision says in `environment_history`, and is written nowhere else: an edit of
 * it is one of a version, which the audit log gives away.
 */
export type Tables = {
  environments: {
    organization: string;
    name: string;
    uid: string;
    revision: number;
    created_at: number;
    modified_at: number;
  };
  environment_history: {
    organization: string;
    name: string;
    revision: number;
    at: number;
    change: "created" | "written" | "deleted";
    content: string;
    author: string;
    /** 0 or 1. */
    author_verified: number;
    method: string;
    reason: string | null;
    request_id: string | null;
  };
  gateways: { organization: string; environment: string; name: string; heard_at: number; report: string };
  audit_log: { organization: string; sequence: number; entry: string };
  /** `content` is JSON text: what is neither asked for nor compared. */
  incidents: {
    position: Generated<number>;
    id: string;
    organization: string;
    environment: string;
    rule: string;
    client: string;
    state: IncidentState;
    revision: number;
    first_seen: number;
    last_seen: number;
    content: string;
  };
  /** `content` is JSON text: what is neither asked for nor compared. `run_until` is 0 until somebody runs it, and `runner` its number among several controls. */
  queries: {
    position: Generated<number>;
    id: string;
    organization: string;
    environment: string;
    state: QueryState;
    attempts: number;
    run_until: number;
    runner: number | null;
    created_at: number;
    updated_at: number;
    content: string;
    result: string;
  };
  operations: { position: Generated<number>; organization: string; name: string; operation: string };
  /** `grants` is JSON text. */
  tokens: {
    id: string;
    organization: string;
    name: string;
    hash: string;
    grants: string;
    created_at: number;
    expires_at: number | null;
    last_used_at: number | null;
  };
  /** Not in SQLite, whose one process has them in memory. `content` is JSON text. */
  debug_transactions: {
    position: Generated<number>;
    organization: string;
    environment: string;
    session: string;
    id: string;
    gateway: string;
    at: number;
    bytes: number;
    content: string;
  };
  /** `content` is JSON text. */
  fit_courses: { organization: string; environment: string; uid: string; content: string };
  /** Not in SQLite, whose one process has every turn. */
  turns: { name: string; holder: string; until: number };
  /** `content` is JSON text: for whom the session is. */
  sessions: {
    id: string;
    organization: string;
    owner: string;
    hash: string;
    content: string;
    created_at: number;
    expires_at: number;
    seen_at: number;
  };
};
