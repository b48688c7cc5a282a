import { ADDRESS_HEADERS, effectOf, isAboutAddress, saysAddress } from "../address-headers.ts";
import type { HeaderEffect } from "../description.ts";
import { CONFIG_LIMITS } from "../limits.ts";
import { type Notes, note, type Statement } from "../statement.ts";
import { EVERYBODY } from "../trust.ts";
import type { Scope } from "./scope.ts";
import { readValue, type Variables } from "./values.ts";

type Setter = "proxy_set_header" | "grpc_set_header";

/** What lines that set headers do, as it is with these variables. */
type SetEffects = {
  readonly lines: readonly Statement[];
  readonly variables: Variables;
  readonly effects: readonly HeaderEffect[];
  readonly passesUpgrade: boolean;
};

/** What has been read already, by the lines. */
export type KnownEffects = Readonly<Record<Setter, Map<readonly Statement[], SetEffects>>>;

/** Nothing has been read yet. */
export function nothingKnown(): KnownEffects {
  return { proxy_set_header: new Map(), grpc_set_header: new Map() };
}

type Asked = { readonly setter: Setter; readonly known: KnownEffects; readonly notes: Notes };

/** What the lines do that hold at a place, as far as it is about the address or a handshake. Places that share the lines share what they do. */
export function effectsIn({ setHeaders, variables }: Scope, { setter, known, notes }: Asked): SetEffects {
  const before = known[setter].get(setHeaders);
  if (before?.variables === variables) return before;
  const lines = before?.lines ?? linesOnAddress(setHeaders, { setter, notes });
  // lines that places share are followed anew where variables of a place may change what they do
  if (before !== undefined) notes.effects += lines.length;
  const written = new Set<string>();
  const all = lines.flatMap(({ words, place }): HeaderEffect[] => {
    const [header, value] = [headerOf(words), readValue(words[1]?.text ?? "", variables)];
    if (!isTold(header) && !saysAddress(value)) return [];
    const effect = effectOf(header, { value, place });
    const isFirst = !written.has(header);
    written.add(header);
    // nginx sends a line for each directive; those that came in stay out of it after the first
    return [isFirst ? effect : { ...effect, keeps: EVERYBODY, writes: value, joins: "line" }];
  });
  const passesUpgrade = ["upgrade", "connection"].every((header) => all.some((effect) => effect.header === header && isSent(effect)));
  const read = { lines, variables, effects: all.filter(isAboutAddress), passesUpgrade };
  known[setter].set(setHeaders, read);
  return read;
}

/** Lines that may tell an address: by their header, or by a variable in what they write. */
function linesOnAddress(lines: readonly Statement[], { setter, notes }: Omit<Asked, "known">): readonly Statement[] {
  const some = lines.filter(({ name, words }) => name === setter && (isTold(headerOf(words)) || words[1]?.text.includes("$") === true));
  const counts = new Map<string, number>();
  // each one of the same header is a line that is sent
  const kept = some.filter(({ words }) => {
    const count = (counts.get(headerOf(words)) ?? 0) + 1;
    counts.set(headerOf(words), count);
    return count <= CONFIG_LIMITS.maxLines;
  });
  const more = kept[CONFIG_LIMITS.maxRules] ?? (kept.length < some.length ? some[CONFIG_LIMITS.maxLines] : undefined);
  if (more !== undefined) {
    const expected = `at most ${CONFIG_LIMITS.maxRules} headers that are set at one level, each by ${CONFIG_LIMITS.maxLines} lines`;
    note(notes, more.place, { code: "CONFIG_LIMIT_REACHED", expected, given: "more" });
  }
  return kept.slice(0, CONFIG_LIMITS.maxRules);
}

function headerOf(words: Statement["words"]): string {
  return words[0]?.text.toLowerCase() ?? "";
}

function isTold(header: string): boolean {
  return header === "upgrade" || header === "connection" || ADDRESS_HEADERS.includes(header);
}

/** Whether a field of a handshake goes on. nginx sends `Connection: close` and no Upgrade unless both are set: to what came in, or to something. */
function isSent({ header, keeps, writes }: HeaderEffect): boolean {
  const isClose = header === "connection" && writes.length === 1 && writes.some((part) => part.kind === "text" && part.text === "close");
  return keeps.kind === "everybody" || (writes.length > 0 && !isClose);
}
