import { Agent, request } from "node:http";
import { cpuSeconds } from "../traffic/machine.ts";
import type { Program } from "../traffic/programs.ts";

/** A gateway of the fleet, and where it says who a request is from. */
export type Node = { readonly program: Program; readonly port: number; readonly questionPort: number };

/** The environment that the gateways follow, and one that none of them does. */
export type FleetEnvironment = "bench" | "aside";

/** Processor time in seconds: of control, and of a gateway on average. */
type Cpu = { readonly control: number; readonly gateway: number };

const CHAIN = ["192.0.2.1", "192.0.2.2", "192.0.2.3"] as const;
const TIMEOUT_MS = 120_000;

/** A control with its gateways, as a benchmark drives them. */
export class Fleet {
  readonly #control: Program;
  #nodes: readonly Node[];
  readonly #environmentsUrl: string;
  readonly #agent = new Agent({ keepAlive: true });
  #changes = 0;

  constructor({ program, url }: { readonly program: Program; readonly url: string }, nodes: readonly Node[]) {
    this.#control = program;
    this.#environmentsUrl = `${url}/v1/organizations/local/environments`;
    this.#nodes = nodes;
  }

  /** Sets another policy than the one before, and says which address it gives. Errors: an `Error` when the API does not take it, or gateways are late. */
  async change(environment: FleetEnvironment = "bench"): Promise<string> {
    const at = this.#changes++ % CHAIN.length;
    const policy = { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: at - CHAIN.length } };
    const response = await fetch(`${this.#environmentsUrl}/${environment}`, {
      method: "PATCH",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ clientIpResolutionConfig: policy }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`The API answered ${response.status} ${text}`);
    return CHAIN[at] ?? "";
  }

  /** Asks every gateway who a request is from until it gives this address. */
  async untilAllSay(address: string): Promise<void> {
    const deadline = performance.now() + TIMEOUT_MS;
    await Promise.all(
      this.#nodes.map(async ({ questionPort }) => {
        while ((await this.#ask(questionPort)) !== address) {
          if (performance.now() > deadline) throw new Error(`A gateway did not resolve by the new policy within ${TIMEOUT_MS} ms`);
        }
      }),
    );
  }

  async cpuWhile(act: () => Promise<unknown>): Promise<Cpu> {
    const before = this.#cpu();
    await act();
    const after = this.#cpu();
    return { control: after.control - before.control, gateway: after.gateway - before.gateway };
  }

  #cpu(): Cpu {
    const all = this.#nodes.reduce((sum, { program }) => sum + cpuSeconds(program.pid), 0);
    return { control: cpuSeconds(this.#control.pid), gateway: all / this.#nodes.length };
  }

  /** Ends all gateways but the first. */
  async keepOnlyFirst(): Promise<Node> {
    const [first, ...others] = this.#nodes;
    if (first === undefined) throw new Error("A fleet has a gateway");
    await Promise.all(others.map(({ program }) => program.end()));
    this.#nodes = [first];
    return first;
  }

  #ask(port: number): Promise<string | undefined> {
    const headers = {
      "x-original-method": "GET",
      "x-original-host": "bench.example",
      "x-original-uri": "/",
      "x-original-peer": "10.0.0.1",
      "x-forwarded-for": CHAIN.join(", "),
    };
    return new Promise((resolve, reject) => {
      const asked = request({ port, path: "/auth-request", headers, agent: this.#agent }, (answer) => {
        answer.resume().once("end", () => resolve(String(answer.headers["x-wherefrom-client-ip"])));
      });
      asked.once("error", reject).end();
    });
  }
}
