import { printable } from "../access-log/printable.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
const POINT = 0x2e;

/** Numbers below this are written by 32-bit arithmetic. */
const SMALL = 2 ** 31;
const MILLION = 1_000_000;

/**
 * Writes ASCII into bytes, from `at` on. Not a stream and no bounds of its own: whoever writes has made sure that there is room.
 *
 * Character by character, as most texts are short: a call into Node for each costs more, and so does a string that is put together and then copied.
 */
export class AsciiWriter {
  readonly bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  /** Text of ours: printable ASCII. */
  text(text: string): void {
    const { bytes } = this;
    let { at } = this;
    for (let index = 0; index < text.length; index += 1) bytes[at++] = text.charCodeAt(index);
    this.at = at;
  }

  /** The same, made bytes beforehand: cheaper from some eight characters on. */
  constant(text: Uint8Array): void {
    this.bytes.set(text, this.at);
    this.at += text.length;
  }

  /** A whole number from 0 on. */
  integer(value: number): void {
    if (value >= SMALL) return this.#large(value);
    let digits = 1;
    for (let power = 10; power <= value; power *= 10) digits += 1;
    this.digits(value, digits);
  }

  /** A whole number below 2^31, in so many digits. */
  digits(value: number, count: number): void {
    let rest = value | 0;
    for (let place = this.at + count - 1; place >= this.at; place -= 1) {
      const tenth = (rest / 10) | 0;
      this.bytes[place] = ZERO + rest - tenth * 10;
      rest = tenth;
    }
    this.at += count;
  }

  /** A number from 0 on with three decimals. */
  thousandths(value: number): void {
    const all = Math.round(value * 1_000);
    const whole = Math.floor(all / 1_000);
    this.integer(whole);
    this.bytes[this.at++] = POINT;
    this.digits(all - whole * 1_000, 3);
  }

  /** The beginning of a client's text, up to `end`, cut and made printable, for a JSON string. */
  printable(text: string, { maxLength, end }: { readonly maxLength: number; readonly end: number }): void {
    if (end <= maxLength && this.#plain(text, end)) return;
    this.text(printable(text.slice(0, end), maxLength).replaceAll("\\", "\\\\"));
  }

  /** Exactly this text as the content of a JSON string. */
  exact(text: string): void {
    if (this.#plain(text, text.length)) return;
    this.text(asciiJson(text).slice(1, -1));
  }

  /** In two parts, each of them small. */
  #large(value: number): void {
    const millions = Math.floor(value / MILLION);
    this.integer(millions);
    this.digits(value - millions * MILLION, 6);
  }

  /** Nearly every text stands in a JSON string as it is. Otherwise nothing is written. */
  #plain(text: string, end: number): boolean {
    const { bytes } = this;
    let { at } = this;
    for (let index = 0; index < end; index += 1) {
      const code = text.charCodeAt(index);
      if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) return false;
      bytes[at++] = code;
    }
    this.at = at;
    return true;
  }
}

/** A text as JSON in ASCII. */
export function asciiJson(text: string): string {
  return JSON.stringify(text).replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
