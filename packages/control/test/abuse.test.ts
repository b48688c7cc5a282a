import { expect, test } from "vitest";
import { parsePrefix } from "wherefrom";
import { DEFAULT_JUDGE_SETTINGS, judgeWindow } from "../src/abuse/judge.ts";
import { RULES, type RuleName } from "../src/abuse/rules.ts";
import { spreadOf } from "../src/abuse/spread.ts";
import { between, type Planted, person, windowOf } from "./abuse-traffic.ts";
import { type Random, randomOf } from "./crash-rounds.ts";

const settings = DEFAULT_JUDGE_SETTINGS;
const NAT = "198.51.100.1/32";
const ROUNDS = 12;
const PEOPLE = 300;
const PARTS = 288;
/** One and the same, as a share is asserted and chance may miss it. */
const SEED = 1;
const names = Object.keys(RULES) as RuleName[];
const isShort = (rule: RuleName): boolean => RULES[rule].windowMinutes === 5;

/** Five hundred people behind one address, with the browsers that people have. */
function nat(random: Random, scale: number): Planted {
  const people = Array.from({ length: 500 }, () => person(random, { scale }));
  const requests = people.reduce((sum, one) => sum + one.requests, 0);
  return {
    client: NAT,
    manner: { requests, unauthorized: 0.02, forbidden: 0.005, statics: 0.45, files: 300, userAgents: 40, presence: 1 },
  };
}

const bad = { unauthorized: 0.02, forbidden: 0.005, statics: 0.4, files: 40, userAgents: 1, presence: 1 };

/** Those who do what a rule is against, each in another way. */
const abusers: Readonly<Record<RuleName, (random: Random) => Planted["manner"][]>> = {
  Flooder: (random) => [
    { ...bad, requests: between(random, [3_000, 6_000]) },
    { ...bad, requests: between(random, [2_500, 4_000]), userAgents: 1_000_000 }, // another name in each request
    { ...bad, requests: between(random, [3_000, 5_000]), statics: 0, userAgents: 40 }, // many names, and one thing that it asks for
  ],
  "Brute Guessor": (random) => [
    { ...bad, requests: between(random, [300, 900]), unauthorized: 0.9 },
    { ...bad, requests: between(random, [200, 600]), unauthorized: 0.7, userAgents: 20 },
  ],
  "Static Content Scraper": (random) => [
    { ...bad, requests: between(random, [500, 900]), statics: 1, files: 5_000 },
    { ...bad, requests: between(random, [600, 900]), statics: 0.92, files: 600, userAgents: 30 },
  ],
  "Robot Abuser": (random) => [{ ...bad, requests: between(random, [1_500, 4_000]), forbidden: 0.2 }],
};

function trafficOf(random: Random, rule: RuleName): { planted: Planted[]; guilty: ReadonlySet<string> } {
  const scale = isShort(rule) ? 1 : 4;
  const people = Array.from({ length: PEOPLE }, (_, index) => ({
    client: index % 3 === 0 ? `2001:db8:0:${index.toString(16)}::/64` : `203.0.${index % 7}.${index % 251}/32`,
    manner: person(random, { scale }),
  }));
  const guilty = abusers[rule](random).map((manner, index) => ({
    client: `192.0.2.${index}/32`,
    manner: { ...manner, requests: Math.floor(manner.requests) },
  }));
  return { planted: [...people, ...guilty, nat(random, scale)], guilty: new Set(guilty.map(({ client }) => client)) };
}

test.each(names)(`%s finds planted abusers among people, and bans no NAT (seed ${SEED})`, (rule) => {
  const random = randomOf(SEED);
  let [right, wrong, missed, shared] = [0, 0, 0, 0];
  for (let round = 0; round < ROUNDS; round += 1) {
    const { planted, guilty } = trafficOf(random, rule);
    const suspicions = judgeWindow(windowOf(random, { parts: PARTS, planted }), { rule, settings });
    const accused = suspicions.filter(({ kind }) => kind === "abuser").map(({ client }) => client.text);
    expect(accused).not.toContain(NAT);
    shared += suspicions.filter(({ kind, client }) => kind === "shared-address" && client.text === NAT).length;
    right += accused.filter((client) => guilty.has(client)).length;
    wrong += accused.filter((client) => !guilty.has(client)).length;
    missed += [...guilty].filter((client) => !accused.includes(client)).length;
  }
  const [precision, recall] = [right / (right + wrong), right / (right + missed)];
  process.stdout.write(
    `${rule}: precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}, the NAT told as shared in ${shared} of ${ROUNDS} windows\n`,
  );
  expect(precision).toBeGreaterThanOrEqual(0.98);
  expect(recall).toBeGreaterThanOrEqual(0.95);
  // So many people ask as much as a flood, and at all hours as a robot; they guess and scrape no more than others.
  expect(shared).toBe(rule === "Flooder" || rule === "Robot Abuser" ? ROUNDS : 0);
});

const flood = { ...bad, requests: 5_000 };
const prefix = (text: string) => {
  const reading = parsePrefix(text);
  if (reading.kind !== "prefix") throw new Error(text);
  return reading.prefix;
};

const flooders: readonly { says: string; plant: Planted; settings?: Partial<typeof settings>; people?: number; found: number }[] = [
  { says: "of one address is found", plant: { client: "192.0.2.9", manner: flood }, found: 1 },
  { says: "of an IPv6 network is found", plant: { client: "2001:db8:ffff::/64", manner: flood }, found: 1 },
  {
    says: "in an excluded network is not",
    plant: { client: "192.0.2.9", manner: flood },
    settings: { isExcluded: ({ text }) => text === "192.0.2.9/32" },
    found: 0,
  },
  { says: "among too few clients is not", plant: { client: "192.0.2.9", manner: flood }, people: 8, found: 0 },
  {
    says: "below the floor that is set is not",
    plant: { client: "192.0.2.9", manner: flood },
    settings: { floors: { Flooder: { minAmount: 5_001, minShare: 0 } } },
    found: 0,
  },
];

test.each(flooders)("a flooder $says", ({ plant, settings: changed, people = 50, found }) => {
  const random = randomOf(SEED);
  const others = Array.from({ length: people }, (_, index) => ({ client: `203.0.113.${index}`, manner: person(random, { scale: 1 }) }));
  const suspicions = judgeWindow(windowOf(random, { parts: PARTS, planted: [...others, plant] }), {
    rule: "Flooder",
    settings: { ...settings, ...changed },
  });
  expect(suspicions.map(({ client, kind }) => [client.text, kind])).toEqual(found === 0 ? [] : [[prefix(plant.client).text, "abuser"]]);
});

const spreads = [
  { numbers: [], median: 0, deviation: 0 },
  { numbers: [3, 1], median: 2, deviation: 1.4826 },
  { numbers: [1, 2, 3, 4, 1_000_000], median: 3, deviation: 1.4826 },
  { numbers: [10, 9], median: 9.5, deviation: 0.7413 }, // by value and not by text
];
test.each(spreads)("the spread of $numbers", ({ numbers, median, deviation }) => {
  expect(spreadOf(numbers)).toEqual({ median, deviation: expect.closeTo(deviation, 10) });
});
