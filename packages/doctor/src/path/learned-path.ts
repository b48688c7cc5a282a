import { kindOfAddress } from "@wherefrom/diagnosis";
import { parseAddress } from "wherefrom";
import { observedIn, type ProbeRun } from "../probe/answer.ts";
import { canonical } from "./canonical.ts";
import { type Leg, learnLeg } from "./leg.ts";
import { type Unseen, unseenIn } from "./unseen.ts";

/** Everything that a probe says of a path. */
export type LearnedPath = {
  readonly target: string;
  /** The address that was dialed. */
  readonly dialed: readonly string[];
  /** The client's own address on the internet in each family, where it is known: told, or its interface has it. */
  readonly clients: Clients;
  readonly legs: readonly Leg[];
  /** What became of requests that the echo did not see. */
  readonly unseen: readonly Unseen[];
  /** Requests that were sent, that the echo saw, that somebody else answered, and that got no answer. */
  readonly counts: { readonly sent: number; readonly observed: number; readonly answered: number; readonly failed: number };
};

export type Clients = Readonly<Partial<Record<4 | 6, string>>>;

const TRANSPORTS = ["http", "websocket"] as const;
const FAMILIES = [4, 6] as const;

/** Reads a probe's answers. Pure. */
export function learnPath(run: ProbeRun): LearnedPath {
  const clients = run.told?.clients ?? [];
  const legs = FAMILIES.flatMap((family) => TRANSPORTS.flatMap((transport) => learnLeg(run, { transport, family }) ?? []));
  const known = FAMILIES.flatMap((family) => {
    const told = clients.map(canonical).find((address) => parseAddress(address)?.family === family);
    const address = told ?? ownAddress(run, { family, legs });
    return address === undefined ? [] : [[family, address] as const];
  });
  const count = (kind: string): number => run.answers.filter(({ result }) => result.kind === kind).length;
  return {
    target: run.target,
    dialed: [...new Set(observedIn(run, {}).map(({ own }) => own.dialed))],
    clients: Object.fromEntries(known) as Clients,
    legs,
    unseen: unseenIn(run),
    counts: {
      sent: run.answers.length,
      observed: count("observed"),
      answered: count("answered") + count("other-nonce"),
      failed: count("failed"),
    },
  };
}

/** The address that the client connects from, when nobody can have translated it: it is no private one, or it arrives as it is. */
function ownAddress(run: ProbeRun, { family, legs }: { family: 4 | 6; legs: readonly Leg[] }): string | undefined {
  const own = new Set(observedIn(run, { family }).map(({ own: end }) => canonical(end.localAddress)));
  const [address, ...others] = own;
  if (address === undefined || others.length > 0) return undefined;
  const kind = kindOfAddress(address);
  const arrives = legs.some(
    ({ plain, plainChain }) => canonical(plain.peer.address) === address || plainChain.map(canonical).includes(address),
  );
  return arrives || kind === "public" || kind === "documentation" ? address : undefined;
}

/** Where in what arrives the client's own address stands: the peer, or an element counted from the right (-1 is the last). `nowhere` when it does not. */
export type ClientPlace = { readonly kind: "peer" } | { readonly kind: "element"; readonly index: number } | { readonly kind: "nowhere" };

/** `undefined` when nobody knows the client's address. */
export function clientPlaceIn(leg: Leg, clients: Clients): ClientPlace | undefined {
  const { family, plain, plainChain } = leg;
  const client = clients[family];
  if (client === undefined) return undefined;
  if (canonical(plain.peer.address) === client && !isAddressShared(leg, clients)) return { kind: "peer" };
  // what arrives of a request that claims nothing was written by the path, the client by its first hop
  const at = plainChain.map(canonical).indexOf(client);
  return at === -1 ? { kind: "nowhere" } : { kind: "element", index: at - plainChain.length };
}

/**
 * Whether the peer has the client's address and may well be another program of the same machine, which connects anew: its port is another one. Then nothing that a probe sees tells the client from
 * a proxy.
 */
export function isAddressShared({ family, plain: { peer, local }, isPortKept }: Leg, clients: Clients): boolean {
  const address = canonical(peer.address);
  const isOwn = kindOfAddress(address) === "loopback" || address === canonical(local.address);
  return isOwn && address === clients[family] && isPortKept !== true;
}
