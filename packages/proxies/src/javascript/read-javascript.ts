import { addPassage } from "../add-passage.ts";
import type { ClientRule, Passage } from "../description.ts";
import { CONFIG_LIMITS } from "../limits.ts";
import type { Reader } from "../reading.ts";
import { type Place, placesIn } from "../source.ts";
import { countStatement, note } from "../statement.ts";
import { constantsIn, type Literal } from "./literal.ts";
import { ownReadings } from "./own-readings.ts";
import { type Node, parseProgram } from "./parse-program.ts";
import { groupedBy, NAMES, type SetUp, settingsByApplication, setUpIn } from "./set-up.ts";
import { type Application, applicationsIn, makersIn, NO_OPTIONS, type Setting, settingsIn } from "./settings.ts";
import { expressRule, fastifyRule, koaRule } from "./trust-rules.ts";
import { visitsIn } from "./walk.ts";

/**
 * Reads programs for Express, Fastify and Koa: whom `req.ip`, `request.ip` and `ctx.ip` give. Only values that are written there are understood, or stand in a constant of the same file. What is computed, what is set under a
 * condition or in another function than the application is made in, is told as not known.
 *
 * Not read: what an application takes over from one that it is mounted in, and middleware. A line that looks for an address in a header by itself is told, and not followed.
 */
export const readJavascript: Reader = (source, { notes }) => {
  const program = parseProgram(source, notes);
  if (program === undefined) return { passages: [], findings: [] };
  const placeAt = placesIn(source);
  const top = { file: source.name, line: 1, column: 1 };
  const visits = visitsIn(program);
  for (const { node } of visits)
    if (/Statement$|Declaration$/.test(node.type) && !countStatement(notes, placeAt(node.start ?? 0)))
      return { passages: [], findings: [] };
  const constants = constantsIn(visits);
  const reading: Reading = {
    placeOf: (node) => (node.start == null ? top : placeAt(node.start)),
    textOf: ({ start, end }) => source.text.slice(start ?? 0, Math.min(end ?? 0, (start ?? 0) + MAX_TEXT_LENGTH)).split("\n")[0] ?? "",
  };
  for (const node of ownReadings(visits, constants))
    note(notes, reading.placeOf(node), { code: "CONFIG_NOT_UNDERSTOOD", expected: OWN_READING, given: reading.textOf(node) });
  const applications = applicationsIn(visits, { makers: makersIn(visits), constants });
  const passages: Passage[] = [];
  for (const passage of passagesOf(applications, { settings: settingsIn(visits, constants), reading }))
    if (!addPassage({ passages, notes }, passage)) break;
  return { passages, findings: [] };
};

const OWN_READING = "the address that the framework gives, as req.ip: what a program takes from a header by itself is not followed";

const MAX_TEXT_LENGTH = 100;

type Reading = { readonly placeOf: (node: Node) => Place; readonly textOf: (node: Node) => string };

function passagesOf(
  applications: readonly Application[],
  { settings, reading }: { readonly settings: readonly Setting[]; readonly reading: Reading },
): readonly Passage[] {
  const setOn = settingsByApplication(applications, settings);
  const made = applications
    .slice(0, CONFIG_LIMITS.maxPassages + 1)
    .map((application) => serviceOf(application, { set: setOn(application), reading }));
  // an application that is made elsewhere and set up here
  const express = new Set(applications.flatMap(({ framework, name }) => (framework === "express" ? [name] : [])));
  const strangers = groupedBy(
    settings.filter(({ on, name }) => name === "trust proxy" && !express.has(on)),
    ({ on }) => on,
  );
  const named = [...strangers].flatMap(([on, own]): Passage[] => {
    const [first] = own;
    if (first === undefined) return [];
    const application = {
      framework: "express",
      name: on,
      node: first.node,
      owner: first.visit.owner,
      options: NO_OPTIONS,
    } as const;
    return [serviceOf(application, { set: setUpIn(own, application), reading })];
  });
  return [...made, ...named];
}

function serviceOf(
  application: Application,
  { set: { settings, open }, reading }: { readonly set: SetUp; readonly reading: Reading },
): Passage {
  const { framework, name, node } = application;
  const place = reading.placeOf(settings.at(-1)?.node ?? node);
  const client: ClientRule =
    open === undefined
      ? ruleOf(application, { settings, place, reading })
      : { kind: "unknown", why: reading.textOf(open.node), place: reading.placeOf(open.node) };
  return { kind: "service", product: framework, place, name: name ?? framework, client };
}

type Ruling = { readonly settings: readonly Setting[]; readonly place: Place; readonly reading: Reading };

function ruleOf({ framework, node, options }: Application, { settings, place, reading }: Ruling): ClientRule {
  const given = (setting: string): Literal => settings.findLast(({ name }) => name === setting)?.value ?? options(setting);
  const values = NAMES[framework].map(given);
  const computed = values.find((value) => value.kind === "computed");
  if (computed !== undefined) {
    const at = computed.at ?? node;
    return {
      kind: "unknown",
      why: computed.at === undefined ? NAMES[framework].join(", ") : reading.textOf(at),
      place: reading.placeOf(at),
    };
  }
  const [first, second, third] = values.map((value) => (value.kind === "value" ? value.value : undefined));
  switch (framework) {
    case "express":
      return expressRule(first, place);
    case "fastify":
      return fastifyRule(first, place);
    case "koa":
      return koaRule({ proxy: first, proxyIpHeader: second, maxIpsCount: third }, place);
  }
}
