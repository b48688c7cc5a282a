import { Endings, type SecurityAction } from "@wherefrom/model";
import { expect, test } from "vitest";
import { botsOf } from "../src/abuse/refresh-bots.ts";
import type { IncidentRecord } from "../src/config-store/incident-port.ts";
import type { EnvironmentRecord } from "../src/config-store/port.ts";
import { DEFAULT_CONTROL_LIMITS } from "../src/limits.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOON = Date.parse("2026-11-25T12:00:00Z");
const key = { organization: "local", environment: "prod" };

/** Control with one incident, of which a look at the bots is asked for as the clocks go. */
function open() {
  const clocks = { wall: NOON, steady: 1_000 };
  const endings = new Endings({ wall: () => clocks.wall, steady: () => clocks.steady });
  const incident = {
    id: "1",
    rule: "Flooder",
    client: "203.0.113.9/32",
    state: "OPEN",
    isShared: false,
    lastSeenAt: NOON,
  } as IncidentRecord;
  const action = { name: "no-floods", state: "ENABLED", conditionConfig: { botReasons: ["Flooder"] }, deny: { responseCode: 403 } };
  const security = { enabled: true, actions: [{ action: action as unknown as SecurityAction, number: 1, createdAt: 0, updatedAt: 0 }] };
  const environment = { name: "prod", content: {}, security } as unknown as EnvironmentRecord;
  const parts = { limits: { ...DEFAULT_CONTROL_LIMITS, botHoldMs: HOUR_MS }, store: { incidents: { list: async () => [incident] } } };
  return {
    turn: (ms: number) => {
      clocks.wall += ms;
    },
    pass: (ms: number) => {
      clocks.wall += ms;
      clocks.steady += ms;
    },
    held: async () => (await botsOf(parts, { key, environment, endings }))?.flatMap(({ networks }) => networks),
  };
}

test("a bot that is held no more stays so when the clock is put back", async () => {
  const { held, pass, turn } = open();
  expect(await held()).toEqual(["203.0.113.9/32"]);
  pass(HOUR_MS);
  expect(await held()).toEqual([]);
  turn(-DAY_MS);
  expect(await held()).toEqual([]);
});

test("a bot is held no longer than its hour though the clock is put back by a day", async () => {
  const { held, pass, turn } = open();
  expect(await held()).toEqual(["203.0.113.9/32"]);
  turn(-DAY_MS);
  pass(HOUR_MS - 1);
  expect(await held()).toEqual(["203.0.113.9/32"]);
  pass(1);
  expect(await held()).toEqual([]);
});
