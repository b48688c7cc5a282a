import { expect, test } from "vitest";
import { readConfig } from "../src/read-config.ts";
import { elementsLookedAt } from "./counted-work.ts";
import { hostileTexts } from "./hostile-texts.ts";

// four times the text may cost four times the work, with some more for sorting; its square would be sixteen times
test.each(hostileTexts)("$kind: $says, read with work that grows with the text", ({ kind, text }) => {
  const workFor = (n: number): number => elementsLookedAt(() => readConfig({ name: "f", text: text(n) }, { kind }));
  workFor(10);
  const [once, fourfold] = [workFor(100), workFor(400)];
  expect(fourfold / once).toBeLessThan(6);
});
