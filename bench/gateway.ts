import { type BenchOptions, pick } from "./options.ts";
import type { OpenProxy } from "./proxies/proxy.ts";
import type { Row } from "./report.ts";
import { drivesWithWrk, type HttpLoaded, loadHttp } from "./traffic/load.ts";
import { cpuSeconds } from "./traffic/machine.ts";
import type { Programs } from "./traffic/programs.ts";
import { inSession, type Sample } from "./traffic/session.ts";

const CONNECTIONS = 32;

/** As a browser behind two proxies sends them. */
const FIELDS: readonly string[] = [
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  "Accept: */*",
  "Accept-Encoding: gzip, br",
  "X-Forwarded-For: 203.0.113.7, 10.0.2.5",
];

/** Responses of so many bytes, and after how many requests for one the proxies have compiled what they run: fewer would measure the compiler. */
const BODIES = [
  { name: "100B", bytes: 100, warmUpRequests: 40_000 },
  { name: "10KB", bytes: 10_000, warmUpRequests: 10_000 },
  { name: "1MB", bytes: 1_000_000, warmUpRequests: 300 },
];

/** Many short rounds: what else a machine does lasts for seconds, and of few rounds the median still has it. */
const EFFORT = { rounds: 11, seconds: 1, warmUpSeconds: 2 };
const QUICK = { rounds: 1, seconds: 0.2, warmUpSeconds: 0 };

/**
 * What a request costs each proxy, how many it passes on in a second, and how long they take: for three sizes of body, in rounds in which each proxy
 * has its turn. The proxies stay open between the rounds, so that each has compiled what it runs.
 */
export function measureGateway(options: BenchOptions): Promise<readonly Row[]> {
  const { rounds, seconds, warmUpSeconds } = { ...(options.quick ? QUICK : EFFORT), ...(options.rounds && { rounds: options.rounds }) };
  const bodies = pick(BODIES, options.cases);
  if (!drivesWithWrk(seconds)) process.stderr.write("The load comes from the benchmark's own generator, not from wrk\n");
  return inSession("http", {
    options,
    async act({ programs, proxies, originPort, note }) {
      const open = new Map<string, OpenProxy>();
      for (const proxy of proxies) open.set(proxy.name, await proxy.open(programs, originPort));
      for (let round = 0; round <= rounds; round++) {
        for (const body of bodies) {
          // to and fro, so that none always follows the same one
          for (const proxy of round % 2 === 0 ? proxies : proxies.toReversed()) {
            const running = open.get(proxy.name) as OpenProxy;
            if (round > 0) note(proxy, await visit(running, { programs, body, seconds }));
            else if (warmUpSeconds > 0) await warmUp(running, { programs, body, seconds: warmUpSeconds });
          }
        }
      }
    },
  });
}

type Visit = { readonly programs: Programs; readonly body: (typeof BODIES)[number]; readonly seconds: number };

/** By number and not by time alone: on a machine that others use too a proxy gets through few of them. */
async function warmUp(running: OpenProxy, visit: Visit): Promise<void> {
  for (let requests = 0; requests < visit.body.warmUpRequests; ) requests += (await load(running, visit)).requests;
}

async function visit(running: OpenProxy, visiting: Visit): Promise<readonly Sample[]> {
  const { body } = visiting;
  const before = cpuSeconds(running.pid);
  const loaded = await loadSome(running, visiting);
  const cpu = cpuSeconds(running.pid) - before;
  return [
    { case: `${body.name} cpu`, value: (cpu / loaded.requests) * 1e6, unit: "µs" },
    { case: `${body.name} rate`, value: loaded.requests / loaded.seconds, unit: "req/s" },
    { case: `${body.name} p50`, value: loaded.p50Ms, unit: "ms" },
    { case: `${body.name} p99`, value: loaded.p99Ms, unit: "ms" },
  ];
}

/** In a short time a machine that others use may get through no request at all. */
async function loadSome(running: OpenProxy, visit: Visit): Promise<HttpLoaded> {
  const loaded = await load(running, visit);
  return loaded.requests > 0 ? loaded : loadSome(running, visit);
}

function load({ port }: OpenProxy, { programs, body, seconds }: Visit): Promise<HttpLoaded> {
  return loadHttp(programs, { port, path: `/bytes/${body.bytes}`, fields: FIELDS, connections: CONNECTIONS, seconds });
}
