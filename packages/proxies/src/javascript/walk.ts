import type { Node, Program } from "./parse-program.ts";

/** A node in its place. */
export type Visit = {
  readonly node: Node;
  /** The function that it stands in, by where that begins; 0 for the program itself. */
  readonly owner: number;
  /** Whether something in that function decides if it is reached, or how often. */
  readonly isConditional: boolean;
};

const DECIDING: ReadonlySet<string> = new Set([
  "IfStatement",
  "ConditionalExpression",
  "LogicalExpression",
  "SwitchStatement",
  "ForStatement",
  "ForInStatement",
  "ForOfStatement",
  "WhileStatement",
  "DoWhileStatement",
  "CatchClause",
]);

const FUNCTIONS: ReadonlySet<string> = new Set([
  "FunctionDeclaration",
  "FunctionExpression",
  "ArrowFunctionExpression",
  "ObjectMethod",
  "ClassMethod",
  "ClassPrivateMethod",
]);

/** All nodes of a program, in the order in which they are written. Not recursive: a program may be nested deeply. */
export function visitsIn(program: Program): readonly Visit[] {
  const visits: Visit[] = [];
  const pending: Visit[] = program.body.toReversed().map((node) => ({ node, owner: 0, isConditional: false }));
  for (let visit = pending.pop(); visit !== undefined; visit = pending.pop()) {
    visits.push(visit);
    const { node } = visit;
    const inner = FUNCTIONS.has(node.type)
      ? { owner: node.start ?? 0, isConditional: false }
      : { owner: visit.owner, isConditional: visit.isConditional || DECIDING.has(node.type) };
    for (const child of childrenOf(node).toReversed()) pending.push({ node: child, ...inner });
  }
  return visits;
}

/** The nodes that stand directly in a node, in the order in which they are written. */
function childrenOf(node: Node): readonly Node[] {
  const children: Node[] = [];
  for (const [key, value] of Object.entries(node)) {
    if (key === "loc" || key.endsWith("Comments") || key === "extra") continue;
    for (const candidate of Array.isArray(value) ? value : [value]) if (isNode(candidate)) children.push(candidate);
  }
  return children.sort((first, other) => (first.start ?? 0) - (other.start ?? 0));
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";
}
