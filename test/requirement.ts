import type { TestContext } from "vitest";
import { type CapabilityName, whyNot } from "../tools/capabilities.mjs";

/** What a test file needs of the machine. */
export type Requirement = {
  readonly isMet: boolean;
  /** Marks the test as skipped, with the reason, when the need is not met. For `beforeEach`. */
  readonly check: (context: TestContext) => void;
};

/** Looks what the machine lacks. Root in CI could have installed it: there a lack is a failure, so that no test is left out in silence. */
export function requires(...names: readonly CapabilityName[]): Requirement {
  const lacks = names.flatMap((name) => {
    const reason = whyNot(name);
    return reason === undefined ? [] : [`${name}: ${reason}`];
  });
  const check = (context: TestContext): void => {
    if (lacks.length === 0) return;
    const reason = `Needs ${lacks.join("; ")}`;
    if (isContinuousIntegration() && process.getuid?.() === 0) throw new Error(reason);
    context.skip(reason);
  };
  return { isMet: lacks.length === 0, check };
}

function isContinuousIntegration(): boolean {
  const value = process.env["CI"] ?? "";
  return value !== "" && value !== "false";
}
