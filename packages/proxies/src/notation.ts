import type {
  ClientRule,
  HeaderEffect,
  NetworkPassage,
  Passage,
  ProxyPassage,
  Selection,
  ServicePassage,
  SourceCase,
  SourceRule,
  Trust,
  ValuePart,
} from "./description.ts";
import { spelled } from "./policy-of.ts";
import { toldText, toldTexts } from "./told-text.ts";

/**
 * A way through a configuration in one line: `peer -> client = …: … -> X-Forwarded-For: … -> target`. A notation and not a sentence: it is the same in every language. It holds text of the configuration, which is
 * not escaped.
 */
export function notationOf(passage: Passage): string {
  switch (passage.kind) {
    case "proxy": {
      const headers = passage.headers.map(effectText);
      const preamble = passage.preambleOut === "none" ? [] : [`PROXY protocol ${passage.preambleOut}: client`];
      const source = passage.keepsSource ? ["from the client's own address"] : [];
      const untouched = passage.carries === "tcp" ? [] : ["headers as they came"];
      const written = [...headers, ...preamble, ...source];
      return [
        "peer",
        ...comesIn(passage),
        ...(written.length === 0 ? untouched : written),
        ...(passage.target === undefined ? [] : [passage.target]),
      ].join(" -> ");
    }
    case "service":
      return ["peer", ...comesIn(passage)].join(" -> ");
    case "network":
      return [`peer from ${passage.from}`, ...goesThrough(passage)].join(" -> ");
  }
}

function comesIn({ preambleIn, client }: ProxyPassage | ServicePassage): readonly string[] {
  return [...(preambleIn === undefined ? [] : [`PROXY protocol from ${trustText(preambleIn.from)}`]), `client = ${ruleText(client)}`];
}

function goesThrough({ sources, target }: NetworkPassage): readonly string[] {
  return [`source = ${sources.map(caseText).join(", else ")}`, ...(target === undefined ? [] : [target])];
}

function caseText({ source, condition }: SourceCase): string {
  return condition === undefined ? sourceText(source) : `${sourceText(source)} if ${condition}`;
}

function sourceText(source: SourceRule): string {
  switch (source.kind) {
    case "kept":
      return "peer";
    case "interface":
      return "address of the interface";
    case "addresses":
      return source.text;
    case "unknown":
      return `? (${source.why})`;
  }
}

function ruleText(rule: ClientRule): string {
  switch (rule.kind) {
    case "peer":
      return "peer";
    case "preamble":
      return `PROXY protocol, from ${trustText(rule.trust)}`;
    case "header":
      return `${selectionText(rule.selection)} of ${toldTexts(rule.headers.map(spelled), " or ")}, from ${trustText(rule.trust)}`;
    case "unknown":
      return `? (${rule.why})`;
  }
}

function selectionText(selection: Selection): string {
  switch (selection.kind) {
    case "first-untrusted": {
      const { publicBehind } = selection;
      const isLimited = publicBehind !== undefined && publicBehind.kind !== "nobody";
      return `first untrusted from the right${isLimited ? `, only a public one behind ${trustText(publicBehind)}` : ""}`;
    }
    case "rightmost":
    case "leftmost":
      return selection.kind;
    case "index":
      return `index ${selection.index}`;
  }
}

function trustText(trust: Trust): string {
  switch (trust.kind) {
    case "nobody":
    case "everybody":
      return trust.kind;
    case "list":
      return toldTexts(trust.entries);
    case "unknown":
      return `? (${trust.why})`;
  }
}

function effectText({ header, keeps, writes, joins, onlyIfAbsent, except, condition }: HeaderEffect): string {
  const kept = keeps.kind === "nobody" ? [] : [keeps.kind === "everybody" ? "received" : `received from ${trustText(keeps)}`];
  const text = [...kept, ...(writes.length === 0 ? [] : [valueText(writes)])].join(joins === "line" ? " + line " : " + ");
  const limits = [
    ...(onlyIfAbsent ? ["only if absent"] : []),
    ...(except.length > 0 ? [`except ${toldTexts(except)}`] : []),
    ...(condition === undefined ? [] : [condition]),
  ];
  return `${spelled(header)}: ${text === "" ? "removed" : text}${limits.length === 0 ? "" : ` (${limits.join("; ")})`}`;
}

function valueText(parts: readonly ValuePart[]): string {
  return toldText(parts.map(partText).join(""));
}

function partText(part: ValuePart): string {
  switch (part.kind) {
    case "text":
    case "unknown":
      return toldText(part.text);
    case "client":
    case "peer":
      return part.kind;
    case "preamble":
      return "PROXY protocol's address";
    case "received":
      return `received ${spelled(part.header)}`;
    case "picked":
      return `${part.unit} ${part.index} of ${spelled(part.header)}`;
    case "by-value":
      return `[${part.cases.map(({ equals, value }) => `${equals === undefined ? "else" : JSON.stringify(equals)}: ${valueText(value)}`).join(" | ")}]`;
  }
}
