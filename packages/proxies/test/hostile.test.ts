import { expect, test } from "vitest";
import { readConfig } from "../src/read-config.ts";
import { elementsLookedAt } from "./counted-work.ts";
import { hostileProducts, hostileTexts } from "./hostile-texts.ts";

// four times the text may cost four times the work, with some more for sorting; its square would be sixteen times
test.each(hostileTexts)("$kind: $says, read with work that grows with the text", ({ kind, text }) => {
  const workFor = (n: number): number => elementsLookedAt(() => readConfig({ name: "f", text: text(n) }, { kind }));
  workFor(10);
  const [once, fourfold] = [workFor(50), workFor(200)];
  expect(fourfold / once).toBeLessThan(6);
});

test.each(hostileProducts)("$kind: $says end at a limit that is told", ({ kind, text }) => {
  const { issues } = readConfig({ name: "f", text: text(2_000) }, { kind });
  expect(issues.map(({ code }) => code)).toContain("CONFIG_LIMIT_REACHED");
});
