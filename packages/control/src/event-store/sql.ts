import type { EnvironmentKey } from "../config-store/port.ts";

/** A value in a statement. An address is the number of its 16 bytes. */
export type SqlValue =
  | { readonly type: "text"; readonly value: string }
  | { readonly type: "number"; readonly value: number }
  | { readonly type: "address"; readonly value: bigint };

/** A statement while it is written. No value is ever part of its text as it came. */
export type SqlWriter = {
  /** What stands for a value in the text. */
  value(value: SqlValue): string;
  /** Whether an event is of the environment, as conditions that all have to hold; none where every event is. */
  ofEnvironment(key: EnvironmentKey): readonly string[];
  /** The client that an address in a column is of: itself, or of IPv6 its first 64 bits. As answers have addresses. */
  clientOf(column: string): string;
  /** Whether a text fits a regular expression of RE2. */
  matches(text: string, pattern: string): string;
  /** What an answer has of a column of addresses. In their order. */
  addressOf(column: string): string;
  /** The month, from 1 to 12 and of UTC, of milliseconds since 1970. */
  monthOf(milliseconds: string): string;
};
