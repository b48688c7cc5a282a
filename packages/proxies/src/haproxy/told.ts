import { effectOf, isAboutAddress } from "../address-headers.ts";
import type { ClientRule, HeaderEffect, PreambleIn, ValuePart } from "../description.ts";
import type { Place } from "../source.ts";
import { EVERYBODY, NOBODY } from "../trust.ts";
import type { Condition } from "./conditions.ts";
import type { Rule } from "./rules.ts";
import { type Known, readExpression, readFormat } from "./values.ts";

/** What rules come to: whom HAProxy takes for its client when the request goes on, and what it does to its headers. */
export type Told = { readonly client: ClientRule; readonly headers: readonly HeaderEffect[] };

/** Rules of one kind in one section, which end where a request is allowed. */
export type Stage = readonly Rule[];

/**
 * Follows a request through the rules of the sections on its way. A value that is read before the source changes is the connection's, one behind it is the client's.
 *
 * Shape: `stages` are those of the frontend, then of the backend.
 */
export function follow(stages: readonly Stage[], preambleIn: PreambleIn | undefined): Told {
  const start = clientBefore(preambleIn);
  let original = sourceBefore(start);
  const effects: HeaderEffect[] = [];
  const variables = new Map<string, readonly ValuePart[]>();
  const changed = new Map<string, readonly ValuePart[] | undefined>();
  let client = start;
  const isMoved = stages.some((stage) => stage.some(({ kind }) => kind === "source"));
  let source: readonly ValuePart[] = isMoved ? original : [{ kind: "client" }];
  for (const stage of stages) {
    let unless: string | undefined;
    for (const rule of stage) {
      const known: Known = { source, original, variables, changed };
      if (rule.kind === "stop") {
        if (rule.condition.kind === "always") break;
        unless ??= `unless allowed ${rule.condition.text}`;
      } else if (rule.kind === "source") {
        const condition = unless === undefined ? rule.condition : ({ kind: "unknown", text: unless } as const);
        client = client === start ? clientAfter({ ...rule, condition }, { known, start, effects }) : unclear(rule);
        source = [{ kind: "client" }];
        if (rule.isWhole) original = source;
      } else if (rule.kind === "variable") {
        const isKnown = rule.condition.kind === "always" && unless === undefined && rule.expression !== "";
        variables.set(rule.name, isKnown ? readExpression(rule.expression, known) : [{ kind: "unknown", text: `%[var(${rule.name})]` }]);
      } else {
        const isPeer = start.kind === "peer" && source.every(({ kind }) => kind === (isMoved ? "peer" : "client"));
        for (const effect of effectsOf(rule, { known, isPeer, unless })) {
          effects.push(effect);
          changed.set(effect.header, isPlain(effect) ? effect.writes : undefined);
        }
      }
    }
  }
  return { client, headers: effects.filter(isAboutAddress) };
}

/** Whether all that is left of the header is what the effect writes. */
function isPlain({ keeps, condition, except, onlyIfAbsent }: HeaderEffect): boolean {
  return keeps.kind === "nobody" && condition === undefined && except.length === 0 && !onlyIfAbsent;
}

/** Whom HAProxy takes for the client before any rule: the peer, or whom the PROXY protocol names. */
function clientBefore(preambleIn: PreambleIn | undefined): ClientRule {
  return preambleIn === undefined ? { kind: "peer" } : { kind: "preamble", trust: preambleIn.from, place: preambleIn.place };
}

function sourceBefore(client: ClientRule): readonly ValuePart[] {
  if (client.kind === "peer") return [{ kind: "peer" }];
  return client.kind === "preamble" && client.trust.kind === "everybody" ? [{ kind: "preamble" }] : [{ kind: "unknown", text: "%[src]" }];
}

type SourceRule = Extract<Rule, { kind: "source" }>;

function unclear({ expression, condition, place }: SourceRule): ClientRule {
  const why = `set-src ${expression}${condition.kind === "always" ? "" : ` ${condition.text}`}`;
  return { kind: "unknown", why, place };
}

/** The client after `set-src`: one element of a header, from the networks that its condition names. */
function clientAfter(
  rule: SourceRule,
  { known, start, effects }: { readonly known: Known; readonly start: ClientRule; readonly effects: readonly HeaderEffect[] },
): ClientRule {
  const { condition, place } = rule;
  // a header that was taken away from everybody but some is theirs alone
  const cleared = [...known.changed.keys()].flatMap((header) => {
    const [only, ...more] = effects.filter((effect) => effect.header === header);
    return only !== undefined && more.length === 0 && only.writes.length === 0 && only.keeps.kind === "list" && !hasLimits(only)
      ? [[header, only.keeps] as const]
      : [];
  });
  const keeps = new Map(cleared);
  const changed = new Map([...known.changed].filter(([header]) => !keeps.has(header)));
  const [part, ...others] = readExpression(rule.expression, { ...known, changed });
  if (start.kind !== "peer" || part?.kind !== "picked" || part.unit === "line" || others.length > 0) return unclear(rule);
  const { header, index } = part;
  const isAsked = condition.kind === "always" || (condition.kind === "header" && condition.isThere && condition.header === header);
  const isFrom = condition.kind === "source" && condition.isInside && !keeps.has(header);
  if (!isAsked && !isFrom) return unclear(rule);
  return {
    kind: "header",
    headers: [header],
    selection: index === -1 ? { kind: "rightmost" } : index === 0 ? { kind: "leftmost" } : { kind: "index", index, orLeftmost: false },
    trust: condition.kind === "source" ? { kind: "list", entries: condition.entries } : (keeps.get(header) ?? EVERYBODY),
    place,
  };
}

function hasLimits({ condition, except, onlyIfAbsent }: HeaderEffect): boolean {
  return condition !== undefined || except.length > 0 || onlyIfAbsent;
}

type HeaderRule = Extract<Rule, { kind: "set" | "add" | "delete" | "replace" }>;
type EffectOptions = {
  readonly known: Known;
  /** Whether a condition on the source is one on the peer. */
  readonly isPeer: boolean;
  readonly unless: string | undefined;
};

function effectsOf(rule: HeaderRule, { known, isPeer, unless }: EffectOptions): readonly HeaderEffect[] {
  const { condition, place } = rule;
  const limits = (header: string): Limits => limitsOf(condition, { header, isPeer, unless });
  switch (rule.kind) {
    case "set": {
      const value = readFormat(rule.format, known);
      return [{ ...effectOf(rule.header, { value, place }), ...limits(rule.header) }];
    }
    case "add": {
      const writes = readFormat(rule.format, known);
      return [{ ...effectOf(rule.header, { value: writes, place }), keeps: EVERYBODY, writes, joins: "line", ...limits(rule.header) }];
    }
    case "delete":
      return rule.headers.map((header) => {
        const { except = [], ...others } = limits(header);
        const keeps = except.length === 0 ? NOBODY : ({ kind: "list", entries: except } as const);
        return { ...effectOf(header, { value: [], place }), keeps, joins: "line", ...others };
      });
    case "replace":
      return [{ ...effectOf(rule.header, { value: [{ kind: "unknown", text: rule.text }], place }), ...limits(rule.header) }];
  }
}

type Limits = Partial<Pick<HeaderEffect, "condition" | "except" | "onlyIfAbsent">>;

/** What a condition comes to for an effect. One on networks that are left out, and one on the absence of the header, can be told; another one is told as it is written. */
function limitsOf(
  condition: Condition,
  { header, isPeer, unless }: { readonly header: string; readonly isPeer: boolean; readonly unless: string | undefined },
): Limits {
  if (unless !== undefined) return { condition: condition.kind === "always" ? unless : `${condition.text}; ${unless}` };
  switch (condition.kind) {
    case "always":
      return {};
    case "source":
      return isPeer && !condition.isInside ? { except: condition.entries } : { condition: condition.text };
    case "header":
      return !condition.isThere && condition.header === header ? { onlyIfAbsent: true } : { condition: condition.text };
    case "unknown":
      return { condition: condition.text };
  }
}

/** The lines of a section that ask for the header at its end, in force. */
export type ForwardFor = {
  readonly header: string;
  readonly onlyIfAbsent: boolean;
  readonly except: readonly string[];
  readonly place: Place;
};

/** What `option forwardfor` does, behind all rules. It writes a line of its own. */
export function forwardForEffect(
  { header, onlyIfAbsent, except, place }: ForwardFor,
  { isPeer }: { readonly isPeer: boolean },
): HeaderEffect {
  const base = effectOf(header, { value: [{ kind: "client" }], place });
  const effect = { ...base, keeps: EVERYBODY, joins: "line", onlyIfAbsent } as const;
  if (except.length === 0) return effect;
  return isPeer ? { ...effect, except } : { ...effect, condition: `except ${except.join(" ")}` };
}
