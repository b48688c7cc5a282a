import { CONFIG_LIMITS } from "./limits.ts";
import { type Notes, note, type Statement } from "./statement.ts";

type Open = Statement & { block: Statement[] };

/** How a language calls what stands in each other, and what it expects at the end of one. */
type Words = { readonly plural: "blocks" | "sections"; readonly endOf: (name: string) => string };

/** Statements while they are parsed: what is added goes into the innermost block that is open. */
export class BlockStack {
  readonly top: Statement[] = [];
  readonly #open: Open[] = [];
  readonly #notes: Notes;
  readonly #words: Words;

  constructor(notes: Notes, words: Words) {
    this.#notes = notes;
    this.#words = words;
  }

  get innermost(): Statement | undefined {
    return this.#open.at(-1);
  }

  add(statement: Statement): void {
    (this.#open.at(-1)?.block ?? this.top).push(statement);
  }

  /** Opens a block. `false` when that would be too deep: that is noted. */
  begin(head: Statement): boolean {
    if (this.#open.length >= CONFIG_LIMITS.maxDepth) {
      const expected = `at most ${CONFIG_LIMITS.maxDepth} ${this.#words.plural} in each other`;
      note(this.#notes, head.place, { code: "CONFIG_LIMIT_REACHED", expected, given: "more" });
      return false;
    }
    const statement: Open = { ...head, block: [] };
    this.add(statement);
    this.#open.push(statement);
    return true;
  }

  /** Closes the innermost block. `false` when none is open. */
  end(): boolean {
    return this.#open.pop() !== undefined;
  }

  /** Notes the blocks that the file ends in. */
  noteOpen(): void {
    for (const { name, place } of this.#open)
      note(this.#notes, place, { code: "CONFIG_NOT_CLOSED", expected: this.#words.endOf(name), given: "the end of the file" });
  }
}
