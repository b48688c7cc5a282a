import { effectOf } from "../address-headers.ts";
import type { HeaderEffect, ValuePart } from "../description.ts";
import { type Notes, note, type Statement, textsOf } from "../statement.ts";
import { EVERYBODY, trustIn } from "../trust.ts";
import type { Section } from "./scope.ts";
import type { ForwardFor } from "./told.ts";

const DEFAULT_NAME = "x-forwarded-for";

/**
 * Reads a line `option forwardfor`. The last one of a section holds, whole.
 *
 * Source: HAProxy, configuration manual, 4.2 "option forwardfor".
 */
export function readForwardFor(line: Statement, notes: Notes): ForwardFor {
  let option: ForwardFor = { header: DEFAULT_NAME, onlyIfAbsent: false, except: [], place: line.place };
  const words = line.words.slice(1);
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]?.text ?? "";
    if (word === "if-none") option = { ...option, onlyIfAbsent: true };
    else if (word === "except" || word === "header") {
      at += 1;
      const value = words[at]?.text ?? "";
      option = word === "header" ? { ...option, header: value.toLowerCase() } : { ...option, except: networkOf(value) };
    } else note(notes, line.place, { code: "CONFIG_UNEXPECTED", expected: "if-none, except NETWORK or header NAME", given: word });
  }
  return option;
}

function networkOf(text: string): readonly string[] {
  const { trust } = trustIn([text]);
  return trust.kind === "list" ? trust.entries : [text];
}

/**
 * `option forwarded` of the sections of a way, those of the backend first. Its value is not told beforehand: an address of IPv6 stands in brackets and quotes.
 *
 * Source: HAProxy, configuration manual 2.8, 4.2 "option forwarded": without words it writes `proto` and `for`.
 */
export function forwardedEffects(sections: readonly Section[]): readonly HeaderEffect[] {
  const lines = sections.flatMap(({ inForce }) => {
    const line = inForce.get("option forwarded");
    return line?.name === "option" ? [line] : [];
  });
  const line = lines.at(-1);
  if (line === undefined) return [];
  const words = textsOf(line.words.slice(1));
  const isFor = words.length === 0 || words.includes("for");
  const before: ValuePart = { kind: "unknown", text: words.length === 1 && isFor ? "for=" : isFor ? "…;for=" : "…" };
  return [
    {
      ...effectOf("forwarded", { value: [], place: line.place }),
      keeps: EVERYBODY,
      writes: isFor ? [before, { kind: "client" }] : [before],
      joins: "line",
    },
  ];
}

/** What the options of a frontend and of its backend come to: the backend's name, the networks of both, and `if-none` only where neither writes always. */
export function forwardForOf([first, second]: readonly (ForwardFor | undefined)[]): readonly ForwardFor[] {
  const option = second ?? first;
  if (option === undefined) return [];
  if (first === undefined || second === undefined) return [option];
  const except = [...new Set([...first.except, ...second.except])];
  return [{ ...second, onlyIfAbsent: first.onlyIfAbsent && second.onlyIfAbsent, except }];
}
