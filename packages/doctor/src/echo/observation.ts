import { z } from "zod";

/** What the service's end says of one request, before anybody decides anything about it. */
export type Observation = {
  readonly version: 1;
  /** What the probe put into the path, so that both ends speak of the same request. */
  readonly nonce: string;
  /** Drawn anew at each start: two answers with different ones are from different processes. */
  readonly instance: string;
  /** Counts this process's observations: two answers with the same one are one answer, from a cache. */
  readonly sequence: number;
  readonly transport: "http" | "websocket";
  readonly target: string;
  readonly httpVersion: string;
  /** The far end of the socket as the system gives it, IPv4-mapped forms and all. */
  readonly peer: { readonly address: string; readonly port: number };
  readonly local: { readonly address: string; readonly port: number };
  /** Every header field in wire order. Credentials and cookies are hidden. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Fields behind the body, where there were any. */
  readonly trailers: readonly (readonly [name: string, value: string])[];
  readonly host: HostFacts;
  /** Round trips of this connection, where the transport and the system let them be measured. */
  readonly roundTrip?: RoundTrip;
  /** TTL or hop limit of the connection's first packet, where somebody may look at packets. */
  readonly synTtl?: number;
  /** What the service's own policy says, where the echo was given it. */
  readonly resolution?: { readonly ip: string | null; readonly outcome: string; readonly trust: string; readonly reason?: string };
};

/** What a service can run in, as far as it changes where packets come from. */
export const CONTAINER_KINDS = ["no", "docker", "podman-rootless", "docker-rootless", "swarm", "k8s", "wsl", "vm-nat", "unknown"] as const;

export type ContainerKind = (typeof CONTAINER_KINDS)[number];

/** What the service's host knows of itself, as far as it tells something of the peer. */
export type HostFacts = {
  readonly isPeerDefaultGateway?: boolean;
  readonly isPeerInOwnSubnet?: boolean;
  readonly container: ContainerKind;
  readonly hasSidecar: boolean;
  readonly listensOnLoopback: boolean;
};

/** Milliseconds. `application`: a WebSocket ping, through everything on the way. `tcp`: the kernel's estimate for this connection alone. */
export type RoundTrip = { readonly applicationMs: number; readonly tcpMs: number };

const fieldsSchema = z.array(z.tuple([z.string(), z.string()])).max(3_000);
const endSchema = z.strictObject({ address: z.string().max(64), port: z.int().min(0).max(65_535) });

export const observationSchema: z.ZodType<Observation, unknown> = z.strictObject({
  version: z.literal(1),
  nonce: z.string().max(64),
  instance: z.string().max(64),
  sequence: z.int().min(1),
  transport: z.enum(["http", "websocket"]),
  target: z.string().max(4_096),
  httpVersion: z.string().max(8),
  peer: endSchema,
  local: endSchema,
  headers: fieldsSchema,
  trailers: fieldsSchema,
  host: z.strictObject({
    isPeerDefaultGateway: z.boolean().exactOptional(),
    isPeerInOwnSubnet: z.boolean().exactOptional(),
    container: z.enum(CONTAINER_KINDS),
    hasSidecar: z.boolean(),
    listensOnLoopback: z.boolean(),
  }),
  roundTrip: z.strictObject({ applicationMs: z.number().min(0), tcpMs: z.number().min(0) }).exactOptional(),
  synTtl: z.int().min(0).max(255).exactOptional(),
  resolution: z
    .strictObject({ ip: z.string().nullable(), outcome: z.string(), trust: z.string(), reason: z.string().exactOptional() })
    .exactOptional(),
});

/** Reads an observation from the text of an answer. `undefined` when somebody else answered. */
export function parseObservation(text: string): Observation | undefined {
  try {
    const parsed = observationSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** What a nonce looks like: long enough that nobody asks for the same twice. */
export const NONCE: RegExp = /^[a-z0-9]{16,32}$/;

/** The lines of a header in an observation, in wire order. */
export function linesOf(fields: Observation["headers"], name: string): readonly string[] {
  return fields.filter(([field]) => field.toLowerCase() === name).map(([, value]) => value);
}
