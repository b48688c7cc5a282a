import { ALIAS, CANARIES, SINGLE_HEADERS } from "./canaries.ts";

/** One request of a probe: what it claims, and what it is asked for. */
export type Question = {
  readonly id: QuestionId;
  readonly fields: readonly (readonly [name: string, value: string])[];
};

export type QuestionId =
  /** Nothing claimed: what the path writes by itself. */
  | "plain"
  /** One canary in X-Forwarded-For. */
  | "canary"
  /** The same with an IPv6 address. */
  | "canary-v6"
  /** Two canaries in one line. */
  | "two-elements"
  /** Two lines with a canary each. */
  | "two-lines"
  /** A canary in each of the headers with one address. */
  | "single-headers"
  /** A canary in X_Forwarded_For, which some servers take for the same name. */
  | "alias"
  /** Connection names the header, so that a proxy may take it away. */
  | "hop-by-hop"
  /** The same nonce once more: a cache would answer. */
  | "again"
  /** Two different canaries on one kept connection. */
  | "reused-first"
  | "reused-second";

const XFF = "X-Forwarded-For";

/** What every transport is asked, in this order. */
export const QUESTIONS: readonly Question[] = [
  { id: "plain", fields: [] },
  { id: "canary", fields: [[XFF, CANARIES.single]] },
  { id: "canary-v6", fields: [[XFF, CANARIES.v6]] },
  { id: "two-elements", fields: [[XFF, `${CANARIES.first}, ${CANARIES.second}`]] },
  {
    id: "two-lines",
    fields: [
      [XFF, CANARIES.firstLine],
      [XFF, CANARIES.secondLine],
    ],
  },
  { id: "single-headers", fields: SINGLE_HEADERS.map(({ name, value }) => [name, value] as const) },
  { id: "alias", fields: [[ALIAS, CANARIES.alias]] },
];

/** What only HTTP can be asked: a WebSocket's connection is its own, and carries one request. */
export const HTTP_QUESTIONS: readonly Question[] = [
  ...QUESTIONS,
  {
    id: "hop-by-hop",
    fields: [
      [XFF, CANARIES.hopByHop],
      ["Connection", "close, x-forwarded-for, x-real-ip"],
    ],
  },
  { id: "again", fields: [] },
  { id: "reused-first", fields: [[XFF, CANARIES.reusedFirst]] },
  { id: "reused-second", fields: [[XFF, CANARIES.reusedSecond]] },
];
