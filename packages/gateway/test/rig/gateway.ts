import { type Gateway, type GatewayOptions, type Offered, openGateway, type SnapshotSink, type SnapshotSource } from "@wherefrom/gateway";
import { NEVER_MS } from "../../../../tools/patience.ts";

/** A source that the test itself feeds. */
export type HandSource = SnapshotSource & { offer(snapshot: unknown): Offered };

export function handSource(first: unknown): HandSource {
  let sink: SnapshotSink | undefined;
  return {
    async open(opened) {
      sink = opened;
      sink.offer(first);
    },
    async close() {},
    offer(snapshot) {
      if (sink === undefined) throw new Error("The source is not open");
      // A gateway in the same process takes it at once.
      return sink.offer(snapshot) as Offered;
    },
  };
}

type RouteJson = { readonly name?: string; readonly [field: string]: unknown };

/** A snapshot with one policy and some routes, as JSON. */
export function snapshotOf(
  routes: readonly RouteJson[],
  { policy = {}, revision = 1 }: { policy?: object; revision?: number } = {},
): object {
  const named = routes.map((route, index) => ({ name: `route-${index}`, ...route }));
  return { organization: "local", environment: "demo", revision, clientIpResolutionConfig: policy, routes: named };
}

export type TestGateway = Gateway & { readonly source: HandSource; readonly port: number };

/** Limits that only a slow machine would reach: one that is busy with other tests is not what a gateway has too much of. */
export const patient = {
  maxLoopDelayMs: NEVER_MS,
  connectTimeoutMs: NEVER_MS,
  tlsHandshakeTimeoutMs: NEVER_MS,
  proxyHeaderTimeoutMs: NEVER_MS,
  firstSnapshotTimeoutMs: NEVER_MS,
  maxWorkerSilenceMs: NEVER_MS,
};

/** The same, where nothing is on its way to a gateway when a test closes it. */
export const unhurried = { ...patient, idleGraceMs: 1 };

/** A real gateway on a free port. `port` is that of its first TCP listener. */
export async function openTestGateway(snapshot: unknown, { limits, ...options }: Partial<GatewayOptions> = {}): Promise<TestGateway> {
  const source = handSource(snapshot);
  const gateway = await openGateway({ listeners: [{ port: 0 }], source, limits: { ...unhurried, ...limits }, ...options });
  return {
    ...gateway,
    source,
    get port() {
      return portOf(gateway);
    },
  };
}

/** The port of one listener. */
export function portOf({ listeners }: Gateway, index = 0): number {
  const place = listeners.filter((listener) => listener.kind === "tcp")[index];
  if (place === undefined) throw new Error(`There is no TCP listener ${index}`);
  return place.port;
}
