import { expect, test } from "vitest";
import { QuestionTooCostly } from "../src/event-store/port.ts";
import { questionTurns } from "../src/event-store/question-turns.ts";

const LONG_MS = 600_000;

/** Works that end when they are told to, and how many of them were under way at a time. */
function openWorks(maxAtOnce: number) {
  const inTurn = questionTurns(maxAtOnce);
  const ends = new Map<string, () => void>();
  const begun: string[] = [];
  let most = 0;
  const ask = (name: string, { timeoutMs = LONG_MS, signal = new AbortController().signal } = {}): Promise<string> => {
    const work = async (): Promise<string> => {
      begun.push(name);
      await new Promise<void>((resolve) => {
        ends.set(name, resolve);
        most = Math.max(most, ends.size);
      });
      return name;
    };
    return inTurn(work, { timeoutMs, signal });
  };
  const end = (name: string): void => {
    ends.get(name)?.();
    ends.delete(name);
  };
  return { ask, end, begun, most: () => most };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("who comes in the moment when a place is handed over waits behind those who came before", async () => {
  const works = openWorks(2);
  const asked = ["a", "b", "c", "d"].map((name) => works.ask(name));
  await turn();
  expect(works.begun).toEqual(["a", "b"]);
  works.end("a");
  const late = ["1", "2", "3", "4", "5", "6", "7", "8"];
  for (const name of late) {
    asked.push(works.ask(name));
    // one of them comes between the end of the one and the begin of the next
    await Promise.resolve();
  }
  await turn();
  expect(works.begun).toEqual(["a", "b", "c"]);
  for (const name of ["b", "c", "d", ...late]) {
    works.end(name);
    await turn();
  }
  expect(await Promise.all(asked)).toEqual(["a", "b", "c", "d", ...late]);
  expect({ begun: works.begun, most: works.most() }).toEqual({ begun: ["a", "b", "c", "d", ...late], most: 2 });
});

const unwanted = [
  { says: "nobody wanted when it came, where there is room", occupied: 0, when: "before" },
  { says: "nobody wanted when it came, where there is none", occupied: 1, when: "before" },
  { says: "nobody wants any more", occupied: 1, when: "meanwhile" },
  { says: "waited too long", occupied: 1, when: "never" },
] as const;

test.each(unwanted)("what $says is not begun, and takes nobody's place", async ({ occupied, when }) => {
  const works = openWorks(1);
  const running = occupied === 1 ? works.ask("running") : undefined;
  const gone = new AbortController();
  if (when === "before") gone.abort();
  const asked = works.ask("unwanted", { signal: gone.signal, ...(when === "never" && { timeoutMs: 1 }) });
  const next = works.ask("next");
  if (when === "meanwhile") gone.abort();
  await expect(asked).rejects.toThrow(QuestionTooCostly);
  works.end("running");
  await running;
  await turn();
  works.end("next");
  expect(await next).toBe("next");
  expect(works.begun).toEqual(occupied === 1 ? ["running", "next"] : ["next"]);
});
