/** Finds what belongs to paths in front of a path. A tree of the parts between slashes, so that a question costs as much as the path is long. */
export class PathTree<T> {
  readonly #root: Node<T> = { values: [], inner: new Map() };

  /** Adds something that belongs to a path. */
  add(path: string, value: T): void {
    let node = this.#root;
    for (const part of partsOf(path)) {
      const next: Node<T> = node.inner.get(part) ?? { values: [], inner: new Map() };
      node.inner.set(part, next);
      node = next;
    }
    node.values.push(value);
  }

  /** What belongs to a path, and to the paths that it lies below, the outermost first. */
  above(path: string): readonly T[] {
    const found: (readonly T[])[] = [this.#root.values];
    let node: Node<T> | undefined = this.#root;
    for (const part of partsOf(path)) {
      node = node.inner.get(part);
      if (node === undefined) break;
      found.push(node.values);
    }
    return found.flat();
  }
}

type Node<T> = { readonly values: T[]; readonly inner: Map<string, Node<T>> };

/** A slash at the end makes no other path. */
function partsOf(path: string): readonly string[] {
  const whole = path.replace(/\/$/, "");
  return whole === "" ? [] : whole.split("/");
}
