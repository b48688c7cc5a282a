/** What the FastAPI service saw of its client. */
export type Seen = {
  readonly service: string;
  readonly transport: "http" | "websocket";
  /** What the service calls its client: the transport peer, unless the server rewrote it. */
  readonly peer: string | null;
  readonly path: string;
  /** Header lines in wire order, names in lower case. */
  readonly lines: readonly (readonly [name: string, value: string])[];
  /** The message a WebSocket answer belongs to. */
  readonly message?: string | null;
};

/** The values of one header, a line each. */
export function linesOf(seen: Seen, name: string): string[] {
  return seen.lines.filter(([lineName]) => lineName === name).map(([, value]) => value);
}

/** What a service reads to know its client behind a proxy: every line of the two usual headers. */
export function forwardedClient(seen: Seen): { xForwardedFor: string[]; xRealIp: string[] } {
  return { xForwardedFor: linesOf(seen, "x-forwarded-for"), xRealIp: linesOf(seen, "x-real-ip") };
}

/** What the gateway explained to the service: the explanation and the flow variables. */
export type Explained = {
  readonly explanation: { readonly ip: string | null; readonly outcome: string; readonly reason?: string };
  readonly flowVariables: Readonly<Record<string, string>>;
};

/** Reads `X-Wherefrom-Explanation`, which must be there exactly once. */
export function explained(seen: Seen): Explained {
  const [value, ...more] = linesOf(seen, "x-wherefrom-explanation");
  if (value === undefined || more.length > 0)
    throw new Error(`Expected one X-Wherefrom-Explanation, received ${more.length + (value === undefined ? 0 : 1)}`);
  return JSON.parse(Buffer.from(value, "base64url").toString("utf8")) as Explained;
}
