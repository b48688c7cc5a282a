import { secondsIn } from "../log-time.ts";
import { type FixedText, fixedText } from "./fixed-text.ts";

/**
 * The time of the line that was read last. Most lines have the same one, or one of the same minute, which takes a comparison and no reading.
 *
 * A class, as it owns what it is compared with.
 */
export class KnownTime {
  #text: FixedText = fixedText(new Uint8Array(0));
  /** Which bits of the word of `SECONDS_WORD` are the two digits of its seconds, and where they begin; none in a time that is one number. */
  #mask = 0;
  #shift = 0;
  #seconds = 0;
  #ms = Number.NaN;

  /** Milliseconds since 1970. */
  get ms(): number {
    return this.#ms;
  }

  /** How long it is, with the text behind it that ends it. */
  get length(): number {
    return this.#text.length;
  }

  /** Takes up a time that was read, and the text that ends it. */
  take(text: string, { until, ms }: { readonly until: string; readonly ms: number }): void {
    const secondsAt = secondsIn(text);
    this.#text = fixedText(Buffer.from(text + until, "latin1"));
    this.#shift = secondsAt === undefined ? 0 : (secondsAt - SECONDS_WORD * 4) * 8;
    this.#mask = secondsAt === undefined ? 0 : 0xffff << this.#shift;
    this.#seconds = secondsAt === undefined ? 0 : Number(text.slice(secondsAt, secondsAt + 2));
    this.#ms = ms;
  }

  /** Whether it stands at a place, or another one of its minute, which it is from then on. Up to three bytes behind it are looked at, and must be there. */
  isAt(view: DataView, start: number): boolean {
    const { words, mask } = this.#text;
    const last = words.length - 1;
    let difference = 0;
    for (let word = 0; word <= last; word++) {
      const differs = (view.getInt32(start + word * 4, true) ^ (words[word] as number)) & (word === last ? mask : -1);
      if (differs === 0) continue;
      if (word !== SECONDS_WORD || (differs & ~this.#mask) !== 0) return false;
      difference = differs;
    }
    return last !== -1 && (difference === 0 || this.#moveTo((words[SECONDS_WORD] as number) ^ difference));
  }

  /** Takes up other seconds. Not 60: a leap second is read. */
  #moveTo(word: number): boolean {
    const digits = word >>> this.#shift;
    const tens = (digits & 0xff) - ZERO;
    const ones = ((digits >>> 8) & 0xff) - ZERO;
    if (this.#seconds > 59 || tens >>> 0 > 5 || ones >>> 0 > 9) return false;
    const seconds = tens * 10 + ones;
    this.#ms += (seconds - this.#seconds) * 1_000;
    this.#seconds = seconds;
    this.#text.words[SECONDS_WORD] = word;
    return true;
  }
}

/** The word that the seconds stand in, in every way of writing times that has them: bytes 16 to 19. */
const SECONDS_WORD = 4;

const ZERO = 0x30;
