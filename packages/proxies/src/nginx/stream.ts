import { addPassage } from "../add-passage.ts";
import type { ProxyPassage } from "../description.ts";
import { findingAt } from "../finding.ts";
import type { Statement } from "../statement.ts";
import { toldText } from "../told-text.ts";
import { type Entrance, entrancesOf, nameOf, preamblesIn, serversIn } from "./entrances.ts";
import { type Found, once } from "./found.ts";
import { trustOf } from "./real-ip.ts";
import { isTransparent, OUTERMOST, type Scope, scopeIn } from "./scope.ts";

/** `stream`: bytes are passed on, and the address only in a PROXY protocol header. */
export function readStream(stream: Statement, found: Found): void {
  const outer = scopeIn(OUTERMOST, stream);
  const servers = serversIn(stream);
  const preambles = preamblesIn(servers);
  for (const server of servers) {
    const { block = [] } = server;
    const pass = block.find(({ name }) => name === "proxy_pass");
    if (pass === undefined) continue;
    const scope = scopeIn(outer, server);
    for (const entrance of entrancesOf(block, preambles))
      if (!readBytes(pass, { scope, entrance, name: `stream ${nameOf(block, entrance)}` }, found)) return;
  }
}

type BytesAt = { readonly scope: Scope; readonly entrance: Entrance; readonly name: string };

/** One way of bytes through a server. `false` when there are more ways than are followed. */
function readBytes(pass: Statement, { scope, entrance: { preambleIn }, name }: BytesAt, found: Found): boolean {
  const trust = trustOf(scope.trusted, found);
  const place = scope.trusted[0]?.place;
  const passage: ProxyPassage = {
    kind: "proxy",
    product: "nginx",
    place: pass.place,
    name,
    carries: "tcp",
    ...(preambleIn && { preambleIn }),
    client: place === undefined || preambleIn === undefined ? { kind: "peer" } : { kind: "preamble", trust, place },
    consumesHops: false,
    headers: [],
    dropsUnderscores: false,
    preambleOut: scope.single.get("proxy_protocol")?.words[0]?.text === "on" ? "v1" : "none",
    keepsSource: isTransparent(scope),
    passesUpgrade: true,
    target: toldText(pass.words[0]?.text ?? ""),
  };
  if (!addPassage(found, passage)) return false;
  if (passage.client.kind === "peer" && preambleIn !== undefined) {
    const fix = "set_real_ip_from LOAD_BALANCER_NETWORK;";
    once(found, findingAt(preambleIn.place, { code: "FINDING_PREAMBLE_UNUSED", severity: "error", what: "proxy_protocol", fix }));
  }
  return true;
}
