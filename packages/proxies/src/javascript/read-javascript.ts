import { addPassage } from "../add-passage.ts";
import type { ClientRule, Passage } from "../description.ts";
import type { Reader } from "../reading.ts";
import { type Place, placesIn } from "../source.ts";
import { countStatement } from "../statement.ts";
import { constantsIn, type Literal } from "./literal.ts";
import { type Node, parseProgram } from "./parse-program.ts";
import { type Application, applicationsIn, type Framework, makersIn, NO_OPTIONS, type Setting, settingsIn } from "./settings.ts";
import { expressRule, fastifyRule, koaRule } from "./trust-rules.ts";
import { visitsIn } from "./walk.ts";

/**
 * Reads programs for Express, Fastify and Koa: whom `req.ip`, `request.ip` and `ctx.ip` give. Only values that are written there are understood, or stand in a constant of the same file. What is computed, what is set under a
 * condition or in another function than the application is made in, is told as not known.
 *
 * Not read: what an application takes over from one that it is mounted in, `trust proxy fn`, and middleware.
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
    textOf: (node) =>
      source.text
        .slice(node.start ?? 0, node.end ?? 0)
        .split("\n")[0]
        ?.slice(0, MAX_TEXT_LENGTH) ?? "",
  };
  const applications = applicationsIn(visits, { makers: makersIn(visits), constants });
  const passages: Passage[] = [];
  for (const passage of passagesOf(applications, { settings: settingsIn(visits, constants), reading }))
    if (!addPassage({ passages, notes }, passage)) break;
  return { passages, findings: [] };
};

const MAX_TEXT_LENGTH = 100;

type Reading = { readonly placeOf: (node: Node) => Place; readonly textOf: (node: Node) => string };

/** What decides whom an application takes for its client. All but Fastify take it behind the making, too. */
const NAMES: Readonly<Record<Framework, readonly string[]>> = {
  express: ["trust proxy"],
  fastify: ["trustProxy"],
  koa: ["proxy", "proxyIpHeader", "maxIpsCount"],
};

function passagesOf(
  applications: readonly Application[],
  { settings, reading }: { readonly settings: readonly Setting[]; readonly reading: Reading },
): readonly Passage[] {
  const owned = (application: Application): readonly Setting[] =>
    settings.filter(({ on, name, visit }) => {
      const isOthers =
        applications.some(({ name: other, owner }) => other === on && owner === visit.owner) && application.owner !== visit.owner;
      return on !== undefined && on === application.name && NAMES[application.framework].includes(name) && !isOthers;
    });
  const made = applications.map((application) => serviceOf(application, { settings: owned(application), reading }));
  // an application that is made elsewhere and set up here
  const strangers = settings.filter(
    ({ on, name }) =>
      name === "trust proxy" && !applications.some((application) => application.framework === "express" && application.name === on),
  );
  const named = [...new Set(strangers.map(({ on }) => on))].flatMap((on): Passage[] => {
    const own = strangers.filter((setting) => setting.on === on);
    const [first] = own;
    if (first === undefined) return [];
    const application = {
      framework: "express",
      name: on,
      node: first.node,
      owner: first.visit.owner,
      options: NO_OPTIONS,
    } as const;
    return [serviceOf(application, { settings: own, reading })];
  });
  return [...made, ...named];
}

function serviceOf(
  application: Application,
  { settings, reading }: { readonly settings: readonly Setting[]; readonly reading: Reading },
): Passage {
  const { framework, name, node } = application;
  const open = settings.find(({ value, visit }) => value.kind === "computed" || visit.isConditional || visit.owner !== application.owner);
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
