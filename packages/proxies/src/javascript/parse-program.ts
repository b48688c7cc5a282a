import { type ParserPlugin, parse } from "@babel/parser";
import { CONFIG_LIMITS } from "../limits.ts";
import type { SourceText } from "../source.ts";
import { type Notes, note } from "../statement.ts";

export type Program = ReturnType<typeof parse>["program"];
type Statement = Program["body"][number];
export type Expression = Extract<Statement, { type: "ExpressionStatement" }>["expression"];
type Declarator = Extract<Statement, { type: "VariableDeclaration" }>["declarations"][number];
type Parameter = Extract<Expression, { type: "ArrowFunctionExpression" }>["params"][number];
type Property = Extract<Expression, { type: "ObjectExpression" }>["properties"][number];
type Clause = NonNullable<Extract<Statement, { type: "TryStatement" }>["handler"]>;
type Member = Extract<Statement, { type: "ClassDeclaration" }>["body"]["body"][number];
type Call = Extract<Expression, { type: "CallExpression" }>;
/** A node of a program. What stands in it depends on its `type`. */
export type Node =
  | Statement
  | Expression
  | Declarator
  | Parameter
  | Property
  | Clause
  | Member
  | Call["arguments"][number]
  | Call["callee"];

/** Parses JavaScript or TypeScript; which of them, and whether with JSX, its name tells. `undefined` when it cannot be parsed: that is noted. */
export function parseProgram({ name, text }: SourceText, notes: Notes): Program | undefined {
  const top = { file: name, line: 1, column: 1 };
  if (Buffer.byteLength(text) > CONFIG_LIMITS.maxProgramBytes) {
    const expected = `a program of at most ${CONFIG_LIMITS.maxProgramBytes} bytes`;
    note(notes, top, { code: "CONFIG_LIMIT_REACHED", expected, given: "more" });
    return undefined;
  }
  try {
    return parse(text, { sourceType: "unambiguous", allowReturnOutsideFunction: true, plugins: pluginsFor(name) }).program;
  } catch (error) {
    if (error instanceof RangeError) {
      note(notes, top, { code: "CONFIG_LIMIT_REACHED", expected: "a program that is less nested", given: "more" });
      return undefined;
    }
    const { line, column } = (error as { loc?: { line: number; column: number } }).loc ?? { line: 1, column: 0 };
    const given = text.split("\n")[line - 1]?.trim() ?? "";
    note(notes, { file: name, line, column: column + 1 }, { code: "CONFIG_UNEXPECTED", expected: "JavaScript or TypeScript", given });
    return undefined;
  }
}

/** In TypeScript `<T>value` is no JSX. */
function pluginsFor(name: string): ParserPlugin[] {
  const common: ParserPlugin[] = ["decorators-legacy"];
  if (/\.[cm]?ts$/.test(name)) return [...common, "typescript"];
  return /\.[cm]?jsx?$/.test(name) ? [...common, "jsx"] : [...common, "typescript", "jsx"];
}
