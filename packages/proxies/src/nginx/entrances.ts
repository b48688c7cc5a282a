import type { PreambleIn } from "../description.ts";
import type { Place } from "../source.ts";
import type { Statement } from "../statement.ts";
import { toldText } from "../told-text.ts";
import { EVERYBODY } from "../trust.ts";

/** A way into a server: by those of its addresses where a PROXY protocol header comes first, or by those where none does. */
export type Entrance = {
  /** The first of its addresses, as it is written; absent where the server names none. */
  readonly address?: string;
  readonly preambleIn?: PreambleIn;
  /** Whether it is known that no PROXY protocol header comes. */
  readonly isPlain: boolean;
};

/** The addresses where a PROXY protocol header comes, and the line that says so. */
export type Preambles = ReadonlyMap<string, Place>;

/** The servers of a block. */
export function serversIn({ block = [] }: Statement): readonly Statement[] {
  return block.filter(({ name }) => name === "server");
}

/**
 * Where servers are reached behind a PROXY protocol header.
 *
 * Source: nginx, ngx_http_core_module, `listen`: what is said of an address by one server holds for all that listen there, as the socket is one. Debian's 1.22 does so.
 */
export function preamblesIn(servers: readonly Statement[]): Preambles {
  const expecting = servers.flatMap(({ block = [] }) =>
    listensIn(block).filter(({ words }) => words.some(({ text }) => text === "proxy_protocol")),
  );
  return new Map(expecting.toReversed().map((listen) => [addressOf(listen), listen.place]));
}

/** The entrances of a server. */
export function entrancesOf(block: readonly Statement[], preambles: Preambles): readonly Entrance[] {
  const listens = listensIn(block).map((listen) => ({ address: listen.words[0]?.text ?? "", place: preambles.get(addressOf(listen)) }));
  const [behind] = listens.filter(({ place }) => place !== undefined);
  const [plain] = listens.filter(({ place }) => place === undefined);
  return [
    ...(behind?.place === undefined
      ? []
      : [{ address: behind.address, preambleIn: { from: EVERYBODY, place: behind.place }, isPlain: false }]),
    ...(plain === undefined ? [] : [{ address: plain.address, isPlain: true }]),
    ...(listens.length === 0 ? [unsaidEntrance(preambles)] : []),
  ];
}

/** Where nothing is said it is port 80, or it is a part of a server, which is included somewhere. */
function unsaidEntrance(preambles: Preambles): Entrance {
  const place = preambles.get("*:80");
  return { ...(place && { preambleIn: { from: EVERYBODY, place } }), isPlain: false };
}

/** What a server is called at one of its entrances. */
export function nameOf(block: readonly Statement[], { address }: Entrance): string {
  const named = block.find(({ name }) => name === "server_name")?.words[0]?.text;
  return toldText([named, address].filter((text) => text !== undefined && text !== "_").join(" ")) || "server";
}

function listensIn(block: readonly Statement[]): readonly Statement[] {
  return block.filter(({ name }) => name === "listen");
}

/** An address in one spelling: `80`, `*:80` and `0.0.0.0:80` are the same. */
function addressOf({ words: [address] }: Statement): string {
  const text = address?.text ?? "";
  if (/^\d+$/.test(text)) return `*:${text}`;
  const whole = text.startsWith("unix:") || /:\d+$/.test(text) ? text : `${text}:80`;
  return whole.replace(/^0\.0\.0\.0:/, "*:");
}
