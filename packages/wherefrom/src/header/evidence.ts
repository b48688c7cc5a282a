/** One header field as it came over the wire: its name and its value, neither joined with another nor decoded. */
export type HeaderField = readonly [name: string, value: string];

/** All that is known of a request before trust is decided. Nothing in it is believed yet. */
export type Evidence = {
  /**
   * The address of the transport peer, after PROXY protocol: any form that a hop may have (`10.0.0.1`, `::ffff:10.0.0.1`, `fe80::1%eth0`).
   * `undefined` when there is none to know (unix socket, no socket). A text that is no address counts as a peer nobody
   * knows, which not even `unix:` in a trust list makes trusted.
   */
  readonly peer: string | undefined;
  /**
   * The field lines of one header in wire order, never joined: `name` is given in lower case and matches without case.
   * `X_Forwarded_For` is another header than `X-Forwarded-For`.
   */
  lines(name: string): readonly string[];
};

const NO_LINES: readonly string[] = [];

/**
 * Evidence from header fields in wire order, as `[name, value]` pairs.
 *
 * Not for Node's `request.headers`: Node has joined or dropped repeated lines there. Use `wherefrom/node` for a request.
 */
export function evidenceOfFields(peer: string | undefined, fields: readonly HeaderField[]): Evidence {
  return {
    peer,
    lines(name) {
      const lines = fields.filter((field) => field[0].toLowerCase() === name).map((field) => field[1]);
      return lines.length === 0 ? NO_LINES : lines;
    },
  };
}
