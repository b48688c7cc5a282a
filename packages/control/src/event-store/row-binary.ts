import type { ColumnType, ColumnValue } from "./columns.ts";

/** Columns that every event has; the others may be NULL. An array cannot be. */
export type RowColumn = { readonly type: ColumnType; readonly isNullable: boolean };

const FIRST_BYTES = 65_536;

/**
 * Writes rows as ClickHouse's RowBinary.
 *
 * Source: ClickHouse, "RowBinary": numbers have their lowest byte first, texts and arrays begin with their length as LEB128, a nullable value with a
 * byte that is 1 for NULL.
 */
export class RowBinary {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  add(value: ColumnValue, { type, isNullable }: RowColumn): void {
    if (isNullable) this.#byte(value === undefined ? 1 : 0);
    if (value === undefined) return;
    switch (type) {
      case "text":
        return this.#text(value as string);
      case "count":
        return this.#count(value as number);
      case "number":
        return this.#number(value as number);
      case "flag":
        return this.#byte(value === true ? 1 : 0);
      case "address":
        return this.#address(value as bigint);
      case "addresses":
        this.#size((value as bigint[]).length);
        for (const address of value as bigint[]) this.#address(address);
    }
  }

  /** What was added. Nothing may be added afterwards. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#length = this.#bytes.writeUInt8(value, this.#length);
  }

  #text(value: string): void {
    const length = Buffer.byteLength(value);
    this.#size(length);
    this.#reserve(length);
    this.#length += this.#bytes.write(value, this.#length);
  }

  #count(value: number): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeBigInt64LE(BigInt(value), this.#length);
  }

  #number(value: number): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  /** The 16 bytes in the order of the address. */
  #address(value: bigint): void {
    this.#reserve(16);
    this.#length = this.#bytes.writeBigUInt64BE(value >> 64n, this.#length);
    this.#length = this.#bytes.writeBigUInt64BE(value & 0xffff_ffff_ffff_ffffn, this.#length);
  }

  #size(value: number): void {
    for (let rest = value; ; rest >>>= 7) {
      if (rest < 0x80) return this.#byte(rest);
      this.#byte((rest & 0x7f) | 0x80);
    }
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#length + bytes));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
