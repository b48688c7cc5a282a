import type { ClientRule, PreambleIn, Trust } from "../description.ts";
import type { Include } from "../source.ts";
import { type Statement, textsOf } from "../statement.ts";
import { toldTexts } from "../told-text.ts";
import { EVERYBODY, NOBODY, trustIn } from "../trust.ts";
import { type Level, lastOf } from "./level.ts";
import type { Server } from "./sections.ts";

/** Whom a server takes for its client, and from whom it expects a PROXY protocol header. */
export type Client = { readonly client: ClientRule; readonly preambleIn?: PreambleIn };

/** `known`: the lists of a main server, which its hosts share. */
export type RemoteIpOptions = { readonly include: Include; readonly known: Map<Level, Proxies> };

/**
 * Reads mod_remoteip. With PROXY protocol the header is not looked at. Without a list of proxies everybody is believed.
 *
 * Source: Apache, mod_remoteip: behind a `RemoteIPTrustedProxy`, and where there is no list, the walk ends at an address that is not public; behind a `RemoteIPInternalProxy` it does not. A virtual host
 * without lists takes those of the main server. Where both have some, releases differ: with 2.4.68 of Debian 12 the host's hold alone, with one before it both did.
 */
export function clientOfServer(server: Server, { include, known }: RemoteIpOptions): Client {
  const preambleIn = preambleOf(server);
  if (preambleIn !== undefined) return { preambleIn, client: { kind: "preamble", trust: preambleIn.from, place: preambleIn.place } };
  const named = lastOf(server, "remoteipheader");
  const header = named?.words[0]?.text.toLowerCase();
  if (named === undefined || header === undefined) return { client: { kind: "peer" } };
  const [taken, own] = [listLines(server.main), listLines(server.own)];
  const base = { kind: "header", headers: [header], place: named.place } as const;
  if (taken.length + own.length === 0)
    return { client: { ...base, trust: EVERYBODY, selection: { kind: "first-untrusted", publicBehind: EVERYBODY } } };
  if (taken.length > 0 && own.length > 0)
    return { client: { ...base, trust: { kind: "unknown", why: BOTH }, selection: { kind: "first-untrusted" } } };
  const { trust, publicBehind } = own.length > 0 ? proxiesOf(own, include) : sharedProxies(server.main, { include, known });
  return { client: { ...base, trust, selection: { kind: "first-untrusted", ...(trust.kind !== "unknown" && { publicBehind }) } } };
}

const BOTH = "lists in the main server and in the virtual host: which of them hold depends on the release";

/** Hosts without lists of their own share those of the main server. */
function sharedProxies(main: Level, { include, known }: RemoteIpOptions): Proxies {
  const proxies = known.get(main) ?? proxiesOf(listLines(main), include);
  known.set(main, proxies);
  return proxies;
}

export type Proxies = { readonly trust: Trust; readonly publicBehind: Trust };

function proxiesOf(lines: readonly Statement[], include: Include): Proxies {
  const internal = entriesOf(lines, { word: "internal", include });
  const external = entriesOf(lines, { word: "trusted", include });
  const { trust, strange } = trustIn([...internal, ...external]);
  if (strange.length > 0) return { trust: { kind: "unknown", why: toldTexts(strange) }, publicBehind: NOBODY };
  return { trust, publicBehind: external.length === 0 ? NOBODY : trustIn(external).trust };
}

/** The lines on proxies; how many words they have stands for what taking them over costs. */
export function listLines(level: Level | undefined): readonly Statement[] {
  return [...LISTS].flatMap((name) => level?.byName.get(name) ?? []);
}

const LISTS: ReadonlySet<string> = new Set([
  "remoteipinternalproxy",
  "remoteiptrustedproxy",
  "remoteipinternalproxylist",
  "remoteiptrustedproxylist",
]);

/** The networks of lines and files. A name of a host, and a file that is not there, come out as they are, and are no network. */
function entriesOf(
  lines: readonly Statement[],
  { word, include }: { readonly word: string; readonly include: Include },
): readonly string[] {
  return lines.flatMap(({ name, words }) => {
    if (name === `remoteip${word}proxy`) return textsOf(words);
    if (name !== `remoteip${word}proxylist`) return [];
    const file = words[0]?.text ?? "";
    const { files, skipped } = include(file);
    return skipped.length > 0
      ? [file]
      : files.flatMap(({ text }) =>
          text
            .split("\n")
            .flatMap((line) => line.replace(/#.*/, "").split(/\s+/))
            .filter((entry) => entry !== ""),
        );
  });
}

function preambleOf(server: Server): PreambleIn | undefined {
  const line = lastOf(server, "remoteipproxyprotocol");
  const value = line?.words[0]?.text.toLowerCase();
  if (line === undefined || value === undefined || value === "off") return undefined;
  const exceptions = lastOf(server, "remoteipproxyprotocolexceptions");
  const why = exceptions === undefined ? `RemoteIPProxyProtocol ${value}` : `all but ${toldTexts(textsOf(exceptions.words))}`;
  const from: Trust = value === "on" && exceptions === undefined ? EVERYBODY : { kind: "unknown", why };
  return { from, place: line.place };
}
