import type { ClientRule, PreambleIn, Trust, ValuePart } from "../description.ts";
import { CONFIG_LIMITS } from "../limits.ts";
import type { Place } from "../source.ts";
import { type Statement, textsOf, type Word } from "../statement.ts";
import { toldTexts } from "../told-text.ts";
import { NOBODY, trustIn } from "../trust.ts";

/**
 * What `private_ranges` stands for.
 *
 * Source: Caddy, `internal.PrivateRangesCIDR`.
 */
export const PRIVATE_RANGES: readonly string[] = ["192.168.0.0/16", "172.16.0.0/12", "10.0.0.0/8", "127.0.0.1/8", "fd00::/8", "::1"];

/** Trust in the networks that words name. A word that is none makes it unknown. */
export function trustOf(words: readonly string[]): Trust {
  const { trust, strange } = trustIn(words.flatMap((text) => (text === "private_ranges" ? PRIVATE_RANGES : [text])));
  return strange.length > 0 ? { kind: "unknown", why: toldTexts(strange) } : trust;
}

/** Whom a server takes for its client, and what it knows of the connection. */
export type Server = {
  readonly client: ClientRule;
  readonly preambleIn?: PreambleIn;
  /** From whom X-Forwarded-For is kept. */
  readonly trust: Trust;
  /** What `{remote_host}` gives, and what is added to X-Forwarded-For. */
  readonly remote: readonly ValuePart[];
};

const PLAIN: Server = { client: { kind: "peer" }, trust: NOBODY, remote: [{ kind: "client" }] };

/**
 * Says which server a site is served by, as the global options have it.
 *
 * Source: Caddy 2.7 and later, "Global options", `servers`: `trusted_proxies`, `client_ip_headers`, `trusted_proxies_strict`, and the listener wrapper `proxy_protocol`. Debian's 2.6 has none of them, so no
 * test confirms it.
 */
export function serversIn(options: readonly Statement[]): (addresses: readonly Word[]) => Server {
  const servers = options.filter(({ name }) => name === "servers");
  // of those of one port the last one holds
  const byPort = new Map(
    servers.flatMap(({ words: [listener], block }, index) =>
      listener === undefined ? [] : [[portOf(listener.text), { index, block }] as const],
    ),
  );
  const forAll = servers.findLast(({ words }) => words.length === 0)?.block;
  const known = new Map<readonly Statement[], Server>();
  return (addresses) => {
    const own = addresses
      .flatMap(({ text }) => byPort.get(portOf(text)) ?? [])
      .reduce<{ index: number; block: Statement["block"] } | undefined>(
        (best, one) => (best !== undefined && best.index > one.index ? best : one),
        undefined,
      );
    const block = own === undefined ? forAll : own.block;
    if (block === undefined) return PLAIN;
    const server = known.get(block) ?? serverOf(block);
    known.set(block, server);
    return server;
  };
}

function serverOf(block: readonly Statement[]): Server {
  const preambleIn = preambleOf(block);
  const told = clientRuleOf(block);
  if (preambleIn === undefined) return told === undefined ? PLAIN : { ...told, remote: [{ kind: "peer" }] };
  if (told === undefined) return { ...PLAIN, preambleIn, client: { kind: "preamble", trust: preambleIn.from, place: preambleIn.place } };
  const why = "trusted_proxies behind proxy_protocol";
  return {
    preambleIn,
    client: { kind: "unknown", why, place: told.client.place },
    trust: { kind: "unknown", why },
    remote: [{ kind: "unknown", text: "{remote_host}" }],
  };
}

/** The port of an address as `:8443`, `http://example.com`, `example.com`. */
function portOf(address: string): string {
  return /:(\d+)(?:\/.*)?,?$/.exec(address)?.[1] ?? (address.startsWith("http://") ? "80" : "443");
}

/** Without `trusted_proxies_strict` the leftmost address of the header is taken. */
function clientRuleOf(
  block: readonly Statement[],
): { readonly client: Extract<ClientRule, { kind: "header" | "unknown" }>; readonly trust: Trust } | undefined {
  const trusted = block.findLast(({ name }) => name === "trusted_proxies");
  if (trusted === undefined) return undefined;
  const [source, ...networks] = textsOf(trusted.words);
  const trust: Trust = source === "static" ? trustOf(networks) : { kind: "unknown", why: toldTexts(textsOf(trusted.words)) };
  const [first = "x-forwarded-for", ...others] = block
    .filter(({ name }) => name === "client_ip_headers")
    .flatMap(({ words }) => textsOf(words).map((text) => text.toLowerCase()));
  if (others.length >= CONFIG_LIMITS.maxHeaders)
    return { trust, client: { kind: "unknown", why: `client_ip_headers: more than ${CONFIG_LIMITS.maxHeaders}`, place: trusted.place } };
  const isStrict = block.some(({ name }) => name === "trusted_proxies_strict");
  const selection = { kind: isStrict ? "first-untrusted" : "leftmost" } as const;
  return { trust, client: { kind: "header", headers: [first, ...others], selection, trust, place: trusted.place } };
}

/** Releases differ in whom they believe when `allow` names nobody. */
function preambleOf(block: readonly Statement[]): { readonly from: Trust; readonly place: Place } | undefined {
  const wrappers = block.filter(({ name }) => name === "listener_wrappers").flatMap(({ block: inner = [] }) => inner);
  const wrapper = wrappers.find(({ name }) => name === "proxy_protocol");
  if (wrapper === undefined) return undefined;
  const allowed = (wrapper.block ?? []).filter(({ name }) => name === "allow").flatMap(({ words }) => textsOf(words));
  const isElse = (wrapper.block ?? []).some(({ name }) => name !== "allow" && name !== "timeout");
  const from: Trust = allowed.length > 0 && !isElse ? trustOf(allowed) : { kind: "unknown", why: "proxy_protocol" };
  return { from, place: wrapper.place };
}
