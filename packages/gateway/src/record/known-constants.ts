/** So many are remembered; then they are forgotten and made anew, as it is clients who choose them. */
const MAX_KNOWN = 512;
/** A longer text is made each time. */
const MAX_LENGTH = 512;

/**
 * What `make` makes of a text or a number, as bytes of ASCII, remembered: most of what events say has been said by others before them, and to copy bytes costs a
 * tenth of what writing text does.
 */
export function knownConstants<Key extends string | number>(make: (key: Key) => string): (key: Key) => Uint8Array {
  const known = new Map<Key, Uint8Array>();
  return (key) => {
    const remembered = known.get(key);
    if (remembered !== undefined) return remembered;
    const made = constant(make(key));
    if (known.size === MAX_KNOWN) known.clear();
    if (typeof key === "number" || key.length <= MAX_LENGTH) known.set(key, made);
    return made;
  };
}

/** What `make` makes of two values, remembered for ever: not for what clients choose. */
export function knownPairs<One, Other, Made>(make: (one: One, other: Other) => Made): (one: One, other: Other) => Made {
  const known = new Map<One, Map<Other, Made>>();
  return (one, other) => {
    let ofOne = known.get(one);
    if (ofOne === undefined) {
      ofOne = new Map();
      known.set(one, ofOne);
    }
    let made = ofOne.get(other);
    if (made === undefined) {
      made = make(one, other);
      ofOne.set(other, made);
    }
    return made;
  };
}

/** Text of ours as bytes. */
export function constant(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}
