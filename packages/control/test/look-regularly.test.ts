import { expect, test, vi } from "vitest";
import { PATIENT } from "../../../tools/patience.ts";
import { lookRegularly } from "../src/look-regularly.ts";

test("a look that takes longer than the pause is followed by one, however many there was time for", async () => {
  let begun = 0;
  let end = (): void => undefined;
  const first = new Promise<void>((resolve) => {
    end = resolve;
  });
  let others = 0;
  const watched = lookRegularly({
    look: async () => {
      begun += 1;
      if (begun === 1) await first;
    },
    onFault: () => undefined,
    everyMs: 1,
  });
  const count = async (): Promise<void> => {
    others += 1;
  };
  const beside = lookRegularly({ look: count, onFault: () => undefined, everyMs: 1 });
  await vi.waitFor(() => expect(others).toBeGreaterThan(20), PATIENT);
  expect(begun).toBe(1);
  const closed = watched.close();
  end();
  await Promise.all([closed, beside.close()]);
  expect(begun).toBe(2);
});

test("a look that fails is told once while it goes on, the next ones come, and it is told anew when it comes back", async () => {
  const faults: unknown[] = [];
  let looks = 0;
  const look = async (): Promise<void> => {
    looks += 1;
    if (looks !== 4) throw looks;
  };
  const { close } = lookRegularly({ look, onFault: (fault) => faults.push(fault), everyMs: 1 });
  await vi.waitFor(() => expect(looks).toBeGreaterThan(6), PATIENT);
  await close();
  expect(faults).toEqual([1, 5]);
});
