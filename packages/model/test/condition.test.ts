import fc from "fast-check";
import { expect, test } from "vitest";
import { parseCondition } from "../src/condition.ts";

const variables: Readonly<Record<string, string>> = {
  "request.verb": "GET",
  "proxy.pathsuffix": "/orders/7",
  "request.header.x-a": "Blue",
  "request.header.n": "10",
};

function ask(text: string): boolean | string {
  const reading = parseCondition(text);
  if (reading.kind === "condition") return reading.condition((name) => variables[name]);
  return `${reading.fault.at}: ${reading.fault.expected}`;
}

test.each([
  ['request.verb = "GET"', true],
  ['request.verb Equals "POST"', false],
  ['request.verb != "POST"', true],
  ['request.verb IsNot "GET"', false],
  ['request.header.x-a := "blue"', true],
  ['request.header.x-a = "blue"', false],
  ["request.header.none = null", true],
  ["request.header.x-a != null", true],
  ['request.header.none = "x"', false],
  ["request.header.n > 9", true], // as numbers, not as texts
  ['request.header.n < "9"', false],
  ["request.header.n >= 10", true],
  ['request.header.x-a > "Aaa"', true],
  ['request.header.x-a Matches "B*e"', true],
  ['request.header.x-a ~ "*l*"', true],
  ['request.header.x-a Like "l*"', false],
  ['request.header.none ~ "*"', false],
  ['proxy.pathsuffix MatchesPath "/orders/*"', true],
  ['proxy.pathsuffix ~/ "/orders/{id}"', true],
  ['proxy.pathsuffix MatchesPath "/**"', true],
  ['proxy.pathsuffix MatchesPath "/orders"', false],
  ['proxy.pathsuffix LikePath "/orders/*/x"', false],
  ['proxy.pathsuffix StartsWith "/or"', true],
  ['proxy.pathsuffix =| "/ar"', false],
  ['(proxy.pathsuffix MatchesPath "/orders/**") and (request.verb = "GET")', true],
  ['request.verb = "POST" or request.verb = "GET"', true],
  ['request.verb = "POST" || request.verb = "PUT" && request.verb = "PUT"', false],
  ['not (request.verb = "POST")', true],
  ['!(request.verb = "GET")', false],
  ['request.verb = "GET" and not request.header.x-a = "Red"', true],
])("%s is %s", (text, expected) => expect(ask(text)).toBe(expected));

test.each([
  ["", "0: a variable"],
  ["request.verb", "12: an operator, such as = or MatchesPath"],
  ["request.verb = ", "15: a text in quotes, a number, null or a variable"],
  ['request.verb = "GET', "15: a quote that ends the text"],
  ['(request.verb = "GET"', "21: a closing parenthesis"],
  ['request.verb = "GET" request.verb', "21: and, or, or the end"],
  ['request.verb ~~ "G.*"', "13: an operator other than JavaRegex"],
  ['request.verb % "G"', "13: a variable, an operator or a text in quotes"],
])("«%s» is no condition: %s", (text, fault) => expect(ask(text)).toBe(fault));

test("no text stalls it or breaks it", () => {
  const piece = fc.constantFrom("(", ")", "not ", "!", '"', "*", "**", "a.b", " = ", "~", "~/", " and ", " or ", "null", "/", "{x}", "9");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const reading = parseCondition(pieces.join(""));
      if (reading.kind === "condition") expect(typeof reading.condition(() => "x".repeat(50))).toBe("boolean");
      else expect(reading.fault.at).toBeGreaterThanOrEqual(0);
    }),
  );
  expect(ask(`${"(".repeat(40)}a = b${")".repeat(40)}`)).toContain("parentheses inside each other");
  expect(ask(`a = "${"x".repeat(3_000)}"`)).toBe("2048: at most 2048 characters");
});

test("a glob of many stars costs no more than its length times that of the text", () => {
  expect(ask(`request.verb ~ "${"*G".repeat(500)}"`)).toBe(false);
});
