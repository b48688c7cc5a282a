import type { TrafficEvent } from "@wherefrom/model";
import type { EnvironmentKey } from "../config-store/port.ts";
import type { ActivityQuestion, CountedClients } from "./activity.ts";
import type { AddressPrivacy } from "./address-keeper.ts";
import type { Per } from "./buckets.ts";
import type { Dimension, Measure } from "./dimensions.ts";
import type { Filter } from "./filter.ts";
import type { KeptRoom } from "./kept-room.ts";

/** Events that a gateway delivered together. */
export type EventBatch = {
  /** Who delivered it, by the name that control knows it by. */
  readonly gateway: string;
  /** The same whenever the batch is delivered again. Two batches of one gateway never share one. */
  readonly id: string;
  /** Gone through once, before `append` returns: they may be read and judged meanwhile. What they throw it rejects with, and adds nothing. */
  readonly events: Iterable<TrafficEvent>;
  /** How addresses are kept. Nothing else of them reaches the disk. */
  readonly privacy: AddressPrivacy;
};

/** `isNew` is false when the batch was there already; then nothing was added. */
export type Appended = { readonly isNew: boolean };

/** What is asked of the events of an environment. */
export type Question = {
  /** Of the time at which exchanges began, in milliseconds since 1970: from `from` up to, but without, `until`. */
  readonly from: number;
  readonly until: number;
  /** What events are grouped by. None: all of them are one group, also when there are none. */
  readonly dimensions: readonly Dimension[];
  readonly measures: readonly Measure[];
  readonly filter?: Filter | undefined;
  /** Measures are told for each of these units in which a group has events, not for the whole time; by that, groups are still chosen and ordered. */
  readonly per?: Per | undefined;
  /** By which measures groups are ordered; where those are the same, and behind them, by their values. What has no measure comes last. */
  readonly order: readonly { readonly measure: number; readonly isDescending: boolean }[];
  /** Groups that are left out at the beginning, and how many come at the most. */
  readonly offset: number;
  readonly limit: number;
  /** Points of all groups together; a question that has more rejects. */
  readonly maxPoints: number;
};

/** One group of events that has any. */
export type Group = {
  /** In the order of the dimensions: `undefined` where its events have no value. Addresses are in the text of the form that they are kept in. */
  readonly values: readonly (string | undefined)[];
  readonly points: readonly Point[];
};

export type Point = {
  /** Start of the unit in milliseconds since 1970; of a question without units `undefined`, and then there is one point. */
  readonly at: number | undefined;
  /** `undefined` is the least, greatest or mean of nothing. */
  readonly measures: readonly (number | undefined)[];
};

/** A question that took longer or more memory than one may. Not a fault of the store: a smaller range is answered. */
export class QuestionTooCostly extends Error {
  override readonly name = "QuestionTooCostly";
}

/**
 * Where events are kept. What an implementation promises:
 *
 * - A batch is added whole or not at all, and once: whoever did not hear the answer may append it again by the same id.
 * - Durable: when an append resolves, its events outlive a crash of the process and of the machine.
 * - What is appended is seen by every question asked afterwards.
 * - Environments are apart: nothing that is asked or deleted in one reaches the events of another.
 * - Available or not: what cannot be done at the moment rejects with `StoreUnavailable`, and works again when the database does.
 *
 * Not its task: judging events. It stores what the API has parsed, and takes a text where an address belongs that is none for an absent one.
 * The tests hold every implementation to this.
 */
export type EventStore = {
  /** The same for all controls that have the same events, and for no others. */
  readonly id: string;
  append(key: EnvironmentKey, batch: EventBatch): Promise<Appended>;
  /** Rejects with `QuestionTooCostly` what takes too long or too much room, or has waited too long for others; with the reason of the signal when that aborts: then nobody works on it any more. */
  ask(key: EnvironmentKey, question: Question, options?: { readonly signal?: AbortSignal | undefined }): Promise<readonly Group[]>;
  /** Counts what each client did. Rejects with `QuestionTooCostly` as `ask` does. */
  countClients(key: EnvironmentKey, question: ActivityQuestion): Promise<CountedClients>;
  /** Deletes events of exchanges that began before, and forgets batches that came before. Resolves with the number of events. */
  deleteBefore(key: EnvironmentKey, options: { readonly before: number }): Promise<number>;
  /**
   * Deletes events that name the address anywhere: as the client, as a proxy, or in a header; those that hold it hashed too, when the key is given.
   * Not those of which a network is kept: they name no address. Resolves with their number.
   */
  deleteAddress(key: EnvironmentKey, options: { readonly address: string; readonly hashKey?: string | undefined }): Promise<number>;
  /**
   * Deletes the oldest events of all environments, when all take more than so much room on the disk. Batches stay known. Resolves with what there was and
   * went; with `undefined` when that cannot be told now, as what was deleted before still takes its room.
   */
  keepWithin(maxBytes: number): Promise<KeptRoom | undefined>;
  /** Those that have events. */
  environments(): Promise<readonly EnvironmentKey[]>;
  /** Everything is on disk afterwards. No call may follow. */
  close(): Promise<void>;
};
