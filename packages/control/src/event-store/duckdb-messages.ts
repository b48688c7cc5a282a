import type { EnvironmentKey } from "../config-store/port.ts";
import type { ControlErrorCode } from "../errors.ts";
import type { ActivityQuestion, CountedClients } from "./activity.ts";
import type { DuckdbLimits } from "./duckdb-open.ts";
import type { KeptRoom } from "./kept-room.ts";
import type { PackedBatch } from "./packed-batch.ts";
import type { Appended, Group, Question } from "./port.ts";

/** What the process that holds the database is asked, each with what is given and what is answered. The first is `open`, the last `close`. */
export type DuckdbAsks = {
  readonly open: { readonly given: { readonly path: string; readonly limits: DuckdbLimits }; readonly answer: null };
  readonly append: {
    readonly given: EnvironmentKey & { readonly batch: PackedBatch; readonly receivedAt: number };
    readonly answer: Appended;
  };
  readonly ask: {
    readonly given: { readonly key: EnvironmentKey; readonly question: Question; readonly timeoutMs: number };
    readonly answer: readonly Group[];
  };
  readonly countClients: {
    readonly given: { readonly key: EnvironmentKey; readonly question: ActivityQuestion; readonly timeoutMs: number };
    readonly answer: CountedClients;
  };
  readonly deleteBefore: { readonly given: EnvironmentKey & { readonly before: number }; readonly answer: number };
  readonly deleteAddress: {
    readonly given: EnvironmentKey & { readonly address: string; readonly hashKey: string | undefined };
    readonly answer: number;
  };
  readonly keepWithin: { readonly given: { readonly maxBytes: number }; readonly answer: KeptRoom | undefined };
  /** Nobody waits for the answer any more to what had this id. */
  readonly cancel: { readonly given: { readonly id: number }; readonly answer: null };
  readonly environments: { readonly given: null; readonly answer: readonly EnvironmentKey[] };
  readonly close: { readonly given: null; readonly answer: null };
};

export type DuckdbAsk = {
  readonly [Name in keyof DuckdbAsks]: { readonly id: number; readonly name: Name; readonly given: DuckdbAsks[Name]["given"] };
}[keyof DuckdbAsks];

export type DuckdbReply =
  | { readonly id: number; readonly kind: "answer"; readonly answer: unknown }
  | {
      readonly id: number;
      readonly kind: "fault";
      readonly message: string;
      readonly code: ControlErrorCode | undefined;
      readonly isCostly: boolean;
    };
