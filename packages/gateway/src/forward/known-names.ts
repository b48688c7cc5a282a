/** So many names are remembered; then they are forgotten and learned anew, as it is clients who choose them. */
const MAX_NAMES = 512;
/** A longer name is decided each time. */
const MAX_NAME_LENGTH = 64;

/**
 * Decides about field names, and remembers it: the same few names come with each request, and to decide costs ten times what looking up does.
 *
 * Shape: `decide` gets a name in lower case and must depend on nothing else; the function that is returned takes it in any spelling.
 */
export function knownNames<Decision extends NonNullable<unknown> | null>(
  decide: (name: string) => Decision,
): (spelling: string) => Decision {
  const known = new Map<string, Decision>();
  return (spelling) => {
    const remembered = known.get(spelling);
    if (remembered !== undefined) return remembered;
    const decided = decide(spelling.toLowerCase());
    if (known.size === MAX_NAMES) known.clear();
    if (spelling.length <= MAX_NAME_LENGTH) known.set(spelling, decided);
    return decided;
  };
}
