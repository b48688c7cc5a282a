import { ADDRESS_HEADERS, effectOf } from "../address-headers.ts";
import type { HeaderEffect, ValuePart } from "../description.ts";
import type { Statement } from "../statement.ts";
import { NOBODY } from "../trust.ts";

/**
 * What headers come to when nothing of what came in goes on, and values that are made of what came in are written all the same.
 *
 * Source: nginx, ngx_http_proxy_module, `proxy_pass_request_headers off`: it is about the fields that are passed on as they are, not about variables.
 */
export function withheld(off: Statement, effects: readonly HeaderEffect[]): readonly HeaderEffect[] {
  const set = new Set(effects.map(({ header }) => header));
  const dropped = ADDRESS_HEADERS.filter((header) => !set.has(header)).map((header) => effectOf(header, { value: [], place: off.place }));
  return [
    ...dropped,
    ...effects.map((effect) => (effect.joins === "list" && effect.keeps.kind === "everybody" ? asWritten(effect) : effect)),
  ];
}

/** An effect that adds to what came in, as one that writes both. */
function asWritten(effect: HeaderEffect): HeaderEffect {
  const received: ValuePart = { kind: "received", header: effect.header };
  const both: readonly ValuePart[] = [received, { kind: "text", text: ", " }, ...effect.writes];
  const cases = [
    { equals: "", value: effect.writes, isPattern: false },
    { equals: undefined, value: both, isPattern: false },
  ];
  return { ...effect, keeps: NOBODY, writes: effect.writes.length === 0 ? [received] : [{ kind: "by-value", of: [received], cases }] };
}
