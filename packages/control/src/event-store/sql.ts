/** A statement and the values for its placeholders `$1`, `$2`, … */
export type Sql = { readonly text: string; readonly values: readonly SqlValue[] };

export type SqlValue = string | number | bigint;

/** Gathers values while a statement is written, so that no value is ever part of its text. */
export class SqlValues {
  readonly all: SqlValue[] = [];

  /** The placeholder that stands for the value. */
  add(value: SqlValue): string {
    this.all.push(value);
    return `$${this.all.length}`;
  }
}
