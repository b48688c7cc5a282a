import { afterEach, expect, test } from "vitest";
import { examineEnvTree } from "../../src/env-files/examine.ts";
import type { EnvFinding } from "../../src/env-files/finding.ts";
import { scanEnvTree } from "../../src/env-files/scan.ts";
import type { Trace } from "../../src/env-files/trace.ts";
import { readCases } from "../cases.ts";
import { layTree, type TreeCase } from "./tree-cases.ts";

const cases = ["post-mortem", "loaders", "traps"].flatMap((name) => readCases<TreeCase>(`env-trees/${name}.json`));

let remove = (): void => undefined;
afterEach(() => remove());

const toldOf = ({ kind, path, line, key }: EnvFinding): string => `${kind} ${path}:${line}${key === undefined ? "" : ` ${key}`}`;

/** Who wins a key, by the trace that the name asks for. */
function winnerIn(traces: readonly Trace[], asked: string): string | undefined {
  const [name = "", usage] = asked.split(" @");
  const [loader, place, key] = name.split(" ");
  const trace = traces.find(
    (candidate) =>
      candidate.loader === loader &&
      candidate.place === (place === "/" ? "" : place) &&
      (usage === undefined || usage === `${candidate.because?.path}:${candidate.because?.line}`),
  );
  const found = trace?.keys.find((candidate) => candidate.key === key);
  if (found === undefined) return undefined;
  return found.process === undefined ? `${found.winner.path}:${found.winner.line}` : "process";
}

test.each(cases)("$name", async ({ files, links, environment, mode, winners, warnings, notes, facts }) => {
  const laid = layTree({ files, ...(links && { links }) });
  remove = laid.remove;
  const tree = await scanEnvTree(laid.root);
  const found = examineEnvTree(tree, { ...(environment && { environment: new Map(Object.entries(environment)) }), ...(mode && { mode }) });
  expect(Object.fromEntries(Object.keys(winners).map((asked) => [asked, winnerIn(found.traces, asked)]))).toEqual(winners);
  const told = (severity: string): string[] => found.findings.filter((finding) => finding.severity === severity).map(toldOf);
  expect(told("warning").sort()).toEqual([...warnings].sort());
  expect(told("note")).toEqual(expect.arrayContaining([...(notes ?? [])]));
  expect(found.facts).toEqual(facts);
});
