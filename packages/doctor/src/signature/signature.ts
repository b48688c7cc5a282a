/**
 * What one path does with odd requests. Products differ in these habits whatever their configuration says of headers, so together they tell which product it is.
 * Every column is what happened to one request; `refused` is a refusal by somebody before the service.
 */
export type Signature = {
  /** A canary in X-Forwarded-For. `new-line`: what the path adds stands in a line of its own. */
  readonly canary: "appended" | "new-line" | "overwritten" | "only-canary" | "stripped" | "unknown";
  /** Two lines of X-Forwarded-For. */
  readonly twoLines: "joined" | "kept-apart" | "one-lost" | "overwritten" | "stripped" | "unknown";
  /** `Connection: x-forwarded-for`. */
  readonly hopByHop: "unaffected" | "chain-dropped" | "dropped" | "refused" | "unknown";
  /** X_Forwarded_For. */
  readonly alias: "dropped" | "forwarded" | "merged" | "unknown";
  /** A value that goes on in a second line (obs-fold, RFC 9112 §5.2). `forwarded`: the service had to refuse it. */
  readonly folded: "unfolded" | "overwritten" | "refused" | "forwarded" | "unknown";
  /** `Upgrade: h2c`: `forwarded` as an upgrade, `ignored`, or `answered` with 101 by somebody before the service. */
  readonly h2c: "forwarded" | "ignored" | "answered" | "refused" | "unknown";
  /** A WebSocket handshake with a version that there is not. */
  readonly badVersion: "forwarded" | "ignored" | "refused" | "unknown";
  /** Content-Length and Transfer-Encoding at once: the service got `chunked`, or a `length` that was made anew, or neither. */
  readonly lengthAndChunks: "chunked" | "length" | "neither" | "refused" | "forwarded" | "unknown";
  /** X-Forwarded-For behind the body. `merged`: it arrived as a header field. */
  readonly trailer: "dropped" | "forwarded" | "merged" | "refused" | "unknown";
  /** Two Host lines. */
  readonly twoHosts: "first" | "last" | "both" | "replaced" | "refused" | "unknown";
  /** A request line without a version (HTTP/0.9): the version that it arrived with. */
  readonly version09: "as-1.0" | "as-1.1" | "refused" | "unknown";
  /** 1,200 lines of one short field: `all` arrived, or `fewer`. */
  readonly manyFields: "all" | "fewer" | "refused" | "unknown";
};

/** A product in one set-up, and its signature as it was observed. */
export type KnownSignature = { readonly name: string; readonly version: string; readonly signature: Signature };

/** How well a known signature fits: columns that agree, of those that were learned. */
export type SignatureMatch = { readonly name: string; readonly version: string; readonly agrees: number; readonly of: number };

/** Fewest columns that have to be learned, and the share of them that has to agree, for a product to be named. */
const MIN_LEARNED = 6;
const MIN_SHARE = 0.9;

/** Names the products whose signature fits, the best first. None fits a path of several products, whose habits mix. */
export function matchSignature(signature: Signature, known: readonly KnownSignature[]): readonly SignatureMatch[] {
  const columns = (Object.keys(signature) as (keyof Signature)[]).filter((column) => signature[column] !== "unknown");
  if (columns.length < MIN_LEARNED) return [];
  return known
    .map(({ name, version, signature: other }) => {
      const comparable = columns.filter((column) => other[column] !== "unknown");
      return { name, version, of: comparable.length, agrees: comparable.filter((column) => other[column] === signature[column]).length };
    })
    .filter(({ agrees, of }) => of > 0 && agrees / of >= MIN_SHARE)
    .toSorted((first, second) => second.agrees / second.of - first.agrees / first.of);
}
