import { ADDRESS_HEADERS } from "../address-headers.ts";
import { type Constants, literalOf } from "./literal.ts";
import type { Node } from "./parse-program.ts";
import type { Visit } from "./walk.ts";

/** Packages that take an address from headers by rules of their own, whoever sends them. */
const PACKAGES: ReadonlySet<string> = new Set(["request-ip", "@supercharge/request-ip", "forwarded-for", "ipware"]);

/** Where a program looks for an address in a header by itself, and takes in a package that does. What it makes of that is not followed. */
export function ownReadings(visits: readonly Visit[], constants: Constants): readonly Node[] {
  const written = new Set<object>(visits.flatMap(({ node }): object[] => (node.type === "AssignmentExpression" ? [node.left] : [])));
  return visits.map(({ node }) => node).filter((node) => !written.has(node) && isOwnReading(node, constants));
}

function isOwnReading(node: Node, constants: Constants): boolean {
  switch (node.type) {
    case "ImportDeclaration":
      return PACKAGES.has(node.source.value);
    // request.headers["x-forwarded-for"], headers["x-real-ip"]
    case "MemberExpression":
    case "OptionalMemberExpression":
      return node.computed && nameOf(node.object) === "headers" && isAddressHeader(node.property as Node, constants);
    // request.get("X-Forwarded-For"), request.headers.get(…), context.req.header(…); with a second argument it is set
    case "CallExpression":
    case "OptionalCallExpression": {
      const [first, ...others] = node.arguments;
      const called = nameOf(node.callee);
      if (first === undefined || others.length > 0) return false;
      if (called === "require") return first.type === "StringLiteral" && PACKAGES.has(first.value);
      return (called === "get" || called === "header") && node.callee.type !== "Identifier" && isAddressHeader(first, constants);
    }
    default:
      return false;
  }
}

/** The name of a variable, or of a member. */
function nameOf(node: Node): string | undefined {
  if (node.type === "Identifier") return node.name;
  const isMember = node.type === "MemberExpression" || node.type === "OptionalMemberExpression";
  return isMember && !node.computed && node.property.type === "Identifier" ? node.property.name : undefined;
}

function isAddressHeader(node: Node, constants: Constants): boolean {
  const literal = literalOf(node, constants);
  return literal.kind === "value" && typeof literal.value === "string" && ADDRESS_HEADERS.includes(literal.value.toLowerCase());
}
