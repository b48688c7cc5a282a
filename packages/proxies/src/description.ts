import type { Place } from "./source.ts";

/** Peers that are believed. `list` holds canonical prefixes, and `unix:` for sockets without an address. */
export type Trust =
  | { readonly kind: "nobody" }
  | { readonly kind: "everybody" }
  | { readonly kind: "list"; readonly entries: readonly string[] }
  /** Only a program that runs can say: a function, a variable of the environment, a condition. */
  | { readonly kind: "unknown"; readonly why: string };

/**
 * Which hop of a header is taken: the first from the right that is not trusted, the rightmost, the leftmost, or the one at a negative index. With `orLeftmost`, a chain that is too short gives its
 * leftmost.
 */
export type Selection =
  /** `publicBehind`: from these peers only a public address is taken, and the walk ends where an element is none or no address. Absent: not said. */
  | { readonly kind: "first-untrusted"; readonly publicBehind?: Trust }
  | { readonly kind: "rightmost" }
  | { readonly kind: "leftmost" }
  | { readonly kind: "index"; readonly index: number; readonly orLeftmost: boolean };

/** Whom a system takes for its client. When the peer is not trusted, that is the peer. */
export type ClientRule =
  | { readonly kind: "peer" }
  /** The address in the PROXY protocol header, from peers that are trusted. */
  | { readonly kind: "preamble"; readonly trust: Trust; readonly place: Place }
  | {
      readonly kind: "header";
      /** In lower case. The first of them that is there, where a system reads several. */
      readonly headers: readonly [string, ...string[]];
      readonly selection: Selection;
      readonly trust: Trust;
      readonly place: Place;
    }
  | { readonly kind: "unknown"; readonly why: string; readonly place: Place };

/** A part of what a proxy writes into a header. `client` is what its `ClientRule` gives. */
export type ValuePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "client" }
  | { readonly kind: "peer" }
  /** The address in the PROXY protocol header that came in, whoever sent it. */
  | { readonly kind: "preamble" }
  /** All lines of a header that came in, joined as a list. */
  | { readonly kind: "received"; readonly header: string }
  /** One line, one element, or one element if it is an address, of a header that came in: at an index from 0, or from -1 at the right. Nothing when it is not there. */
  | { readonly kind: "picked"; readonly header: string; readonly unit: "line" | "element" | "address"; readonly index: number }
  /** Different values for different values of a header that came in. `undefined` as a case: any other. A pattern is not looked into. */
  | { readonly kind: "by-value"; readonly of: readonly ValuePart[]; readonly cases: readonly ValueCase[] }
  | { readonly kind: "unknown"; readonly text: string };

export type ValueCase = { readonly equals: string | undefined; readonly value: readonly ValuePart[]; readonly isPattern: boolean };

/** What a proxy does to one header of each request. A header without an effect is passed on as it came. Effects apply in their order. */
export type HeaderEffect = {
  /** In lower case. */
  readonly header: string;
  /** From which peers the lines that came in stay, in front of what is written. */
  readonly keeps: Trust;
  /** What is written; nothing when it is empty. */
  readonly writes: readonly ValuePart[];
  /** Where it is written: at the end of the list, in one line with it, or in a line of its own. */
  readonly joins: "list" | "line";
  /** Nothing is written when the request has the header already. */
  readonly onlyIfAbsent: boolean;
  /** Peers for which none of this happens. */
  readonly except: readonly string[];
  /** The condition as it is written, where nobody can say beforehand whether it holds. */
  readonly condition?: string;
  readonly place: Place;
};

/** Whose configuration it is: in whose words a change is told. */
export type Product =
  | "nginx"
  | "haproxy"
  | "caddy"
  | "apache"
  | "express"
  | "fastify"
  | "koa"
  | "uvicorn"
  | "gunicorn"
  | "hypercorn"
  | "docker"
  | "nftables"
  | "iptables";

/** A PROXY protocol header that a listener expects, and from whom. */
export type PreambleIn = { readonly from: Trust; readonly place: Place };

/** A way through a proxy: from what it listens on to what it connects to. */
export type ProxyPassage = {
  readonly kind: "proxy";
  readonly product: Product;
  readonly place: Place;
  /** What the configuration calls it. */
  readonly name: string;
  /** Whether it reads HTTP, or passes bytes on. */
  readonly carries: "http" | "tcp";
  readonly preambleIn?: PreambleIn;
  readonly client: ClientRule;
  /** Whether hops that the client rule has used up are taken out of the header before the effects. */
  readonly consumesHops: boolean;
  readonly headers: readonly HeaderEffect[];
  /** Where among `headers` the fields are dropped that `Connection` names, before the effect of that index. Absent: they are passed on. */
  readonly dropsListedAt?: number;
  /** Whether names with an underscore are dropped. */
  readonly dropsUnderscores: boolean;
  /** The PROXY protocol header that it sends. */
  readonly preambleOut: "none" | "v1" | "v2";
  /** Whether it connects from its client's own address. */
  readonly keepsSource: boolean;
  /** Whether a WebSocket handshake gets through. */
  readonly passesUpgrade: boolean | "unknown";
  /** Where it connects to, as it is written. */
  readonly target?: string;
};

/** A service that answers by itself. */
export type ServicePassage = {
  readonly kind: "service";
  readonly product: Product;
  readonly place: Place;
  readonly name: string;
  readonly preambleIn?: PreambleIn;
  readonly client: ClientRule;
};

/** What becomes of the source of a connection on its way through a packet filter. */
export type SourceRule =
  | { readonly kind: "kept" }
  /** It becomes the address of the interface that the connection leaves by. */
  | { readonly kind: "interface" }
  /** It becomes one of these, as they are written. */
  | { readonly kind: "addresses"; readonly text: string }
  /** The rules say something else than is understood here. */
  | { readonly kind: "unknown"; readonly why: string };

/** What becomes of the source under a condition. */
export type SourceCase = {
  readonly source: SourceRule;
  /** What has to hold of a connection, as it is written, where the configuration does not say whether it does. Absent: it holds. */
  readonly condition?: string;
  /** Whether all that the configuration says speaks for it that the condition is met. */
  readonly isExpected: boolean;
  readonly place: Place;
};

/** A way of connections through a packet filter, which reads nothing of what they carry. */
export type NetworkPassage = {
  readonly kind: "network";
  readonly product: Product;
  readonly place: Place;
  readonly name: string;
  /** Whose connections: those of clients with public addresses, or of clients in private networks. */
  readonly from: "outside" | "inside";
  /** The first whose condition is met. The last one has none. */
  readonly sources: readonly [SourceCase, ...SourceCase[]];
  /** Where they are redirected to, as it is written; absent where they go where they were sent. */
  readonly target?: string;
};

/**
 * What a configuration does to the client address, on one way. Neutral: it says the same of the same behaviour, whichever product the configuration is for. Not the configuration: what does not
 * touch the address is not in it.
 */
export type Passage = ProxyPassage | ServicePassage | NetworkPassage;
