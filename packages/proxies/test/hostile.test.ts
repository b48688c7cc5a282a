import { expect, test } from "vitest";
import { readConfig } from "../src/read-config.ts";
import { elementsLookedAt } from "./counted-work.ts";
import { hostileOthers } from "./hostile-others.ts";
import { hostileProducts, hostileProxies } from "./hostile-proxies.ts";

// four times the text may cost four times the work, with some more for sorting; its square would be sixteen times
test.each([...hostileProxies, ...hostileOthers])("%s: %s, read with work that grows with the text", (kind, _says, text) => {
  const workFor = (n: number): number => elementsLookedAt(() => readConfig({ name: "f", text: text(n) }, { kind }));
  workFor(10);
  const [once, fourfold] = [workFor(50), workFor(200)];
  expect(fourfold / once).toBeLessThan(6);
});

test.each(hostileProducts)("%s: %s end at a limit that is told", (kind, _says, text) => {
  const { issues } = readConfig({ name: "f", text: text(2_000) }, { kind });
  expect(issues.map(({ code }) => code)).toContain("CONFIG_LIMIT_REACHED");
});
