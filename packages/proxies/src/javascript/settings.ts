import { type Constants, type Literal, literalOf } from "./literal.ts";
import type { Expression, Node } from "./parse-program.ts";
import type { Visit } from "./walk.ts";

export type Framework = "express" | "fastify" | "koa";

/** The framework that a package is of. */
const PACKAGES: Readonly<Record<string, Framework>> = {
  express: "express",
  fastify: "fastify",
  "@nestjs/platform-fastify": "fastify",
  koa: "koa",
};

/** The names by which a program makes applications, and of what. */
export function makersIn(visits: readonly Visit[]): ReadonlyMap<string, Framework> {
  const makers = new Map<string, Framework>();
  for (const { node } of visits) {
    if (node.type === "ImportDeclaration") {
      const framework = PACKAGES[node.source.value];
      for (const { local } of framework === undefined ? [] : node.specifiers)
        if (framework !== undefined) makers.set(local.name, framework);
    }
    if (node.type !== "VariableDeclarator" || node.init == null) continue;
    const framework = requiredBy(node.init);
    if (framework === undefined) continue;
    if (node.id.type === "Identifier") makers.set(node.id.name, framework);
    if (node.id.type !== "ObjectPattern") continue;
    for (const property of node.id.properties) {
      if (property.type === "ObjectProperty" && property.value.type === "Identifier") makers.set(property.value.name, framework);
    }
  }
  return makers;
}

/** `require("express")` */
function requiredBy(expression: Node): Framework | undefined {
  if (expression.type !== "CallExpression" || expression.callee.type !== "Identifier" || expression.callee.name !== "require")
    return undefined;
  const [first] = expression.arguments;
  return first?.type === "StringLiteral" ? PACKAGES[first.value] : undefined;
}

/** An application that a program makes, and what it is given at that. */
export type Application = {
  readonly framework: Framework;
  /** The variable that it is kept in, where it is kept in one. */
  readonly name: string | undefined;
  readonly node: Node;
  readonly owner: number;
  readonly options: Options;
};

/** The value of an option, by its name. */
export type Options = (name: string) => Literal;

/** The applications, in the order in which they are written. */
export function applicationsIn(
  visits: readonly Visit[],
  { makers, constants }: { readonly makers: ReadonlyMap<string, Framework>; readonly constants: Constants },
): readonly Application[] {
  const names = new Map<Node, string>();
  const found: Application[] = [];
  for (const { node, owner } of visits) {
    if (node.type === "VariableDeclarator" && node.init != null && node.id.type === "Identifier")
      names.set(unwrapped(node.init), node.id.name);
    if (node.type === "AssignmentExpression" && node.left.type === "Identifier") names.set(unwrapped(node.right), node.left.name);
    const framework = frameworkMadeBy(node, makers);
    if (framework === undefined) continue;
    const [first] = (node as Extract<Node, { type: "CallExpression" }>).arguments;
    found.push({ framework, name: names.get(node), node, owner, options: optionsIn(first, constants) });
  }
  return found;
}

function unwrapped(expression: Expression): Node {
  let inner: Expression = expression;
  while (inner.type === "AwaitExpression" || inner.type === "TSAsExpression" || inner.type === "ParenthesizedExpression") {
    inner = inner.type === "AwaitExpression" ? inner.argument : inner.expression;
  }
  return inner;
}

/** `express()`, `fastify({ … })`, `new Koa()`, `new FastifyAdapter({ … })`, `require("fastify")({ … })` */
function frameworkMadeBy(node: Node, makers: ReadonlyMap<string, Framework>): Framework | undefined {
  if (node.type !== "CallExpression" && node.type !== "NewExpression") return undefined;
  const { callee } = node;
  const framework = callee.type === "Identifier" ? makers.get(callee.name) : requiredBy(callee);
  if (framework === "koa") return node.type === "NewExpression" ? framework : undefined;
  if (node.type === "CallExpression") return framework;
  return framework === "fastify" && callee.type === "Identifier" && callee.name === "FastifyAdapter" ? framework : undefined;
}

const ABSENT: Literal = { kind: "value", value: undefined };
/** No option is given. */
export const NO_OPTIONS: Options = () => ABSENT;
const COMPUTED = { kind: "computed" } as const;

function optionsIn(first: Node | undefined, constants: Constants): Options {
  if (first === undefined) return NO_OPTIONS;
  const object = first.type === "Identifier" ? constants.get(first.name) : first;
  if (object?.type !== "ObjectExpression") return () => COMPUTED;
  return (name) => {
    const known = readOptions.get(object) ?? new Map<string, Literal>();
    readOptions.set(object, known);
    const before = known.get(name);
    if (before !== undefined) return before;
    let value: Literal = ABSENT;
    for (const property of object.properties) {
      // what is spread may have it, what is computed may be it
      if (property.type === "SpreadElement" || (property.type === "ObjectProperty" && property.computed))
        value = { kind: "computed", at: property };
      else if (keyOf(property.key) === name)
        value = property.type === "ObjectProperty" ? valueOfProperty(property.value as Node, constants) : COMPUTED;
    }
    known.set(name, value);
    return value;
  };
}

/** Options that were read. Applications may share an object of them. */
const readOptions = new WeakMap<object, Map<string, Literal>>();

function valueOfProperty(value: Node, constants: Constants): Literal {
  const literal = literalOf(value, constants);
  return literal.kind === "computed" ? { ...literal, at: value } : literal;
}

function keyOf(key: Node | { readonly type: string }): string | undefined {
  const { type, name, value } = key as { type: string; name?: string; value?: string };
  return type === "Identifier" ? name : type === "StringLiteral" ? value : undefined;
}

/** A line that sets something on an application. */
export type Setting = {
  readonly on: string | undefined;
  readonly name: string;
  readonly value: Literal;
  readonly node: Node;
  readonly visit: Visit;
};

/** What is set behind the making: `app.set("trust proxy", …)`, `app.enable(…)`, `app.disable(…)`, and values of the names that Koa has. */
export function settingsIn(visits: readonly Visit[], constants: Constants): readonly Setting[] {
  return visits.flatMap((visit): Setting[] => {
    const { node } = visit;
    if (node.type === "AssignmentExpression" && node.left.type === "MemberExpression" && node.left.property.type === "Identifier") {
      const { name } = node.left.property;
      if (!["proxy", "proxyIpHeader", "maxIpsCount"].includes(name) || node.left.computed || node.left.object.type !== "Identifier")
        return [];
      const value = node.operator === "=" ? literalOf(node.right, constants) : COMPUTED;
      return [{ on: node.left.object.name, name, value, node, visit }];
    }
    if (node.type !== "CallExpression" || node.callee.type !== "MemberExpression" || node.callee.property.type !== "Identifier") return [];
    const [first, second] = node.arguments;
    const method = node.callee.property.name;
    if (first === undefined || !["set", "enable", "disable"].includes(method)) return [];
    const name = literalOf(first, constants);
    if (name.kind === "computed" || (method === "set" && second === undefined)) return [];
    // Express compiles one into the other, and takes whichever is set last
    const isFunction = name.value === "trust proxy fn";
    if (name.value !== "trust proxy" && !isFunction) return [];
    const value: Literal = isFunction
      ? { kind: "computed", at: node }
      : method === "set"
        ? second === undefined
          ? COMPUTED
          : literalOf(second, constants)
        : { kind: "value", value: method === "enable" };
    const on = node.callee.object.type === "Identifier" ? node.callee.object.name : undefined;
    return [{ on, name: "trust proxy", value, node, visit }];
  });
}
