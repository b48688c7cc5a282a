/** Methods of lists that look at as many elements as the list has, at the most. */
const METHODS = [
  "concat",
  "every",
  "filter",
  "find",
  "findIndex",
  "findLast",
  "findLastIndex",
  "flat",
  "flatMap",
  "forEach",
  "includes",
  "indexOf",
  "join",
  "lastIndexOf",
  "map",
  "reduce",
  "slice",
  "some",
  "toReversed",
  "toSorted",
] as const;

/** These end as soon as they know. */
const EARLY: ReadonlySet<string> = new Set(["every", "find", "findIndex", "findLast", "findLastIndex", "some"]);

/** Objects whose `next` gives an element of a list, a map or a set, to whoever asks: `for`, `…`, and constructors. */
const ITERATORS: readonly { next: () => unknown }[] = [[].values(), new Map().entries(), new Set().values()].map(Object.getPrototypeOf);

/**
 * How many elements of lists, maps and sets are looked at while `run` runs. Not a time: it is the same on each machine. What regular expressions and loops over characters do is not in it.
 */
export function elementsLookedAt(run: () => unknown): number {
  let count = 0;
  const undo: (() => void)[] = [];
  const replace = (target: object, name: string, wrap: (original: (...args: never[]) => unknown) => unknown): void => {
    const original = Object.getOwnPropertyDescriptor(target, name);
    if (original === undefined) return;
    Object.defineProperty(target, name, { ...original, value: wrap(original.value) });
    undo.push(() => Object.defineProperty(target, name, original));
  };
  for (const name of METHODS) {
    replace(
      Array.prototype,
      name,
      (original) =>
        function counted(this: readonly unknown[], ...args: never[]) {
          if (EARLY.has(name)) return early(this, { args, original });
          const result = original.apply(this, args);
          count += name === "slice" ? (result as readonly unknown[]).length : this.length;
          return result;
        },
    );
  }
  for (const iterator of ITERATORS) {
    replace(
      iterator,
      "next",
      (original) =>
        function counted(this: unknown) {
          count += 1;
          return original.apply(this);
        },
    );
  }
  function early(list: readonly unknown[], { args, original }: { args: never[]; original: (...args: never[]) => unknown }): unknown {
    const [test, self] = args as unknown as [(...given: unknown[]) => unknown, unknown];
    const counting = (...given: unknown[]): unknown => {
      count += 1;
      return test.apply(self, given);
    };
    return original.apply(list, [counting] as never[]);
  }
  try {
    run();
  } finally {
    for (const back of undo.reverse()) back();
  }
  return count;
}
