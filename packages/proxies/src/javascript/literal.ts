import type { Expression, Node } from "./parse-program.ts";
import type { Visit } from "./walk.ts";

export type LiteralValue = string | number | boolean | null | undefined | readonly LiteralValue[];

/** What an expression is worth. Only what is written there counts, not what a program would work out. */
export type Literal = { readonly kind: "value"; readonly value: LiteralValue } | { readonly kind: "computed"; readonly at?: Node };

const COMPUTED: { readonly kind: "computed" } = { kind: "computed" };

/** Constants of a program, by name. */
export type Constants = ReadonlyMap<string, Expression>;

/** Finds the constants. A name that is bound twice, anywhere in the program, is none, nor is a list or an object that something reaches into. */
export function constantsIn(visits: readonly Visit[]): Constants {
  const bound = new Map<string, number>();
  const reached = new Set<string>();
  const constants = new Map<string, Expression>();
  for (const { node } of visits) {
    for (const name of namesBoundBy(node)) bound.set(name, (bound.get(name) ?? 0) + 1);
    // LIST.push(…), OPTIONS.trustProxy = …
    if (node.type === "MemberExpression" || node.type === "OptionalMemberExpression") {
      if (node.object.type === "Identifier") reached.add(node.object.name);
    }
    if (node.type !== "VariableDeclaration" || node.kind !== "const") continue;
    for (const { id, init } of node.declarations) if (id.type === "Identifier" && init != null) constants.set(id.name, init);
  }
  const isSure = (name: string, value: Expression): boolean =>
    bound.get(name) === 1 && !(reached.has(name) && (value.type === "ArrayExpression" || value.type === "ObjectExpression"));
  return new Map([...constants].filter(([name, value]) => isSure(name, value)));
}

/** The names that a node binds. */
function namesBoundBy(node: Node): readonly string[] {
  switch (node.type) {
    case "VariableDeclarator":
      return namesIn(node.id);
    case "CatchClause":
      return node.param == null ? [] : namesIn(node.param);
    case "FunctionDeclaration":
      return [...(node.id == null ? [] : namesIn(node.id)), ...node.params.flatMap(namesIn)];
    case "FunctionExpression":
    case "ArrowFunctionExpression":
    case "ObjectMethod":
    case "ClassMethod":
    case "ClassPrivateMethod":
      return node.params.flatMap(namesIn);
    case "ClassDeclaration":
      return node.id == null ? [] : namesIn(node.id);
    case "ImportDeclaration":
      return node.specifiers.map(({ local }) => local.name);
    default:
      return [];
  }
}

/** The names in a pattern. */
function namesIn(pattern: object): readonly string[] {
  const names: string[] = [];
  const pending: unknown[] = [pattern];
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    const { type, name, ...inner } = part as { type?: string; name?: string } & Record<string, unknown>;
    if (type === "Identifier" && name !== undefined) names.push(name);
    const parts = [inner["elements"], inner["properties"], inner["value"], inner["argument"], inner["left"], inner["parameter"]].flat();
    pending.push(...parts.filter((found) => typeof found === "object" && found !== null));
  }
  return names;
}

/** The value of an expression, as far as it is written there or in a constant. */
export function literalOf(expression: Node, constants: Constants, depth = 0): Literal {
  if (depth > MAX_DEPTH) return COMPUTED;
  const inner = (node: Node): Literal => literalOf(node, constants, depth + 1);
  switch (expression.type) {
    case "StringLiteral":
    case "NumericLiteral":
    case "BooleanLiteral":
      return { kind: "value", value: expression.value };
    case "NullLiteral":
      return { kind: "value", value: null };
    case "TemplateLiteral":
      return expression.expressions.length > 0 ? COMPUTED : { kind: "value", value: expression.quasis[0]?.value.cooked ?? "" };
    case "Identifier": {
      if (expression.name === "undefined") return { kind: "value", value: undefined };
      const constant = constants.get(expression.name);
      return constant === undefined ? COMPUTED : constantAt(constant, { constants, depth: depth + 1 });
    }
    case "ArrayExpression": {
      const values = expression.elements.map((element) => (element === null ? COMPUTED : inner(element)));
      return values.every((value) => value.kind === "value") ? { kind: "value", value: values.map(({ value }) => value) } : COMPUTED;
    }
    case "UnaryExpression": {
      const argument = inner(expression.argument);
      if (argument.kind === "computed") return COMPUTED;
      if (expression.operator === "!") return { kind: "value", value: !argument.value };
      return expression.operator === "-" && typeof argument.value === "number" ? { kind: "value", value: -argument.value } : COMPUTED;
    }
    case "TSAsExpression":
    case "TSSatisfiesExpression":
    case "TSNonNullExpression":
    case "ParenthesizedExpression":
      return inner(expression.expression);
    default:
      return COMPUTED;
  }
}

/** Values of constants, which many places name, by how deep they are named. */
const known = new WeakMap<Expression, Literal[]>();

function constantAt(constant: Expression, { constants, depth }: { readonly constants: Constants; readonly depth: number }): Literal {
  const literals = known.get(constant) ?? [];
  known.set(constant, literals);
  const literal = literals[depth] ?? literalOf(constant, constants, depth);
  literals[depth] = literal;
  return literal;
}

const MAX_DEPTH = 16;
