import { fileURLToPath } from "node:url";
import { type Door, type Input, inputs, REQUESTS_OF_A_BROWSER, UPLOAD } from "./amplification/inputs.ts";
import { sendInput } from "./amplification/send-input.ts";
import { type BenchOptions, pick } from "./options.ts";
import { OURS, type Row } from "./report.ts";
import { cpuSeconds } from "./traffic/machine.ts";
import type { Programs } from "./traffic/programs.ts";
import { inSession } from "./traffic/session.ts";

/** Each input is sent until there were so many bytes or connections of it. The first rounds are for the compiler. */
const EFFORT = { rounds: 5, warmUpRounds: 2, maxBytes: 1_000_000, maxConnections: 20 };
const QUICK = { rounds: 1, warmUpRounds: 0, maxBytes: 1, maxConnections: 1 };

/** Each input against as many bytes of an upload, and of plain requests. */
export const AMPLIFICATION_PAIRS: readonly (readonly [string, string])[] = inputs.flatMap(({ name }) =>
  [UPLOAD, REQUESTS_OF_A_BROWSER].filter((base) => base !== name).map((base): [string, string] => [name, base]),
);

/** What a byte of each hostile input costs the process that gets it, in processor time. Inputs take turns in rounds, over connections one after another. */
export function measureAmplification(options: BenchOptions): Promise<readonly Row[]> {
  const { rounds, warmUpRounds, ...effort } = { ...(options.quick ? QUICK : EFFORT), ...(options.rounds && { rounds: options.rounds }) };
  const wanted = pick(inputs, options.cases);
  return inSession("http", {
    options: { ...options, only: [OURS] },
    async act({ programs, note }) {
      const doors = await openDoors(programs);
      for (let round = -warmUpRounds; round < rounds; round++) {
        for (const input of wanted) {
          const { pid } = doors[input.door];
          const before = cpuSeconds(pid);
          const sent = await send(input, { doors, ...effort });
          const value = ((cpuSeconds(pid) - before) / sent) * 1e9;
          if (round >= 0) note({ name: OURS }, [{ case: input.name, value, unit: "ns/byte" }]);
        }
      }
    },
  });
}

type Doors = Readonly<Record<Door, { readonly pid: number; readonly port: number }>>;

async function openDoors(programs: Programs): Promise<Doors> {
  const target = start(programs, { script: "amplification/target", side: "traffic" });
  const { port: targetPort } = (await target.hears()) as { readonly port: number };
  const gateway = start(programs, { script: "amplification/gateway-node", side: "proxy", told: { targetPort, events: programs.folder() } });
  const { pid } = gateway;
  const { http, http2, proxy, engine } = (await gateway.hears()) as Record<Exclude<Door, "control">, number>;
  const control = start(programs, {
    script: "publish/control-node",
    side: "proxy",
    told: { originPort: targetPort, folder: programs.folder() },
  });
  const { url } = (await control.hears()) as { readonly url: string };
  return {
    http: { pid, port: http },
    http2: { pid, port: http2 },
    proxy: { pid, port: proxy },
    engine: { pid, port: engine },
    control: { pid: control.pid, port: Number(new URL(url).port) },
  };
}

type Start = { readonly script: string; readonly side: "proxy" | "traffic"; readonly told?: object };

function start(programs: Programs, { script, side, told = {} }: Start) {
  const file = fileURLToPath(new URL(`${script}.js`, import.meta.url));
  return programs.start([process.execPath, file, JSON.stringify(told)], side);
}

type Sending = { readonly doors: Doors; readonly maxBytes: number; readonly maxConnections: number };

/** Sends an input over one connection after another. Gives how many bytes they were. */
async function send(input: Input, { doors, maxBytes, maxConnections }: Sending): Promise<number> {
  let sent = 0;
  for (let count = 0; sent < maxBytes && count < maxConnections; count++) sent += await sendInput(input, doors[input.door].port);
  return sent;
}
