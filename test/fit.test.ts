import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { type Control, type ControlNotice, openControl } from "@wherefrom/control";
import { controlSource, type Gateway, openGateway } from "@wherefrom/gateway";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { unhurried } from "../packages/gateway/test/rig/gateway.ts";
import { PATIENT } from "../tools/patience.ts";
import { onFreePort, type RunningNginx, runNginx } from "./apps/nginx.ts";
import { nginxConfig } from "./apps/nginx-config.ts";
import { addRoute, headerIndex, patchPolicy } from "./client/environment.ts";
import { askWell } from "./client/http.ts";
import { openScratch, type Scratch } from "./process/scratch.ts";
import { requires } from "./requirement.ts";

// client -> nginx -> gateway, and client -> nginx -> nginx -> gateway. Clients have public addresses: a PROXY protocol header tells nginx of them.
const CLIENTS = 24;

type Fit = {
  readonly verdict: string;
  readonly openMisfit?: { readonly causes: readonly string[]; readonly proposal?: Readonly<Record<string, unknown>> };
};

const machine = requires("nginx");
beforeEach(machine.check);

const notices: ControlNotice[] = [];
/** Clients that the target was told of. */
const told = new Set<string>();
let scratch: Scratch;
let control: Control;
let target: Server;
const gateways = new Map<string, Gateway>();
let nginx: RunningNginx & { readonly port: number };

/** Where the clients of an environment come in. */
const ENTRANCES: Readonly<Record<string, string>> = { "one-hop": "127.0.0.1", "two-hops": "127.0.0.2" };

const environmentUrl = (name: string): string => `${control.url}/v1/organizations/local/environments/${name}`;

beforeAll(async () => {
  if (!machine.isMet) return;
  scratch = await openScratch();
  target = createServer(({ headers }, response) => {
    told.add(String(headers["x-real-ip"]));
    response.end("{}");
  });
  await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
  control = await openControl({
    listen: { host: "127.0.0.1", port: 0 },
    database: `sqlite:${scratch.file("control.db")}`,
    analytics: `duckdb:${scratch.file("events.duckdb")}`,
    organization: "local",
    access: "off",
    limits: { fitLookMs: 50 },
    onNotice: (notice) => notices.push(notice),
  });
  for (const environment of Object.keys(ENTRANCES)) gateways.set(environment, await openGatewayOf(environment));
  nginx = await onFreePort((listen) => runNginx((folder) => configOf(folder, Number(listen.split(":")[1]))));
});
afterAll(async () => {
  await nginx?.stop();
  for (const gateway of gateways.values()) await gateway.close();
  await control?.close();
  await new Promise((resolve) => (target === undefined ? resolve(undefined) : target.close(resolve)));
  await scratch?.remove();
});

async function openGatewayOf(environment: string): Promise<Gateway> {
  await control.seedEnvironment({ organization: "local", name: environment, clientIpResolutionConfig: headerIndex(-1) });
  await addRoute(environmentUrl(environment), { name: "all", target: `http://127.0.0.1:${(target.address() as AddressInfo).port}` });
  const source = controlSource({ url: control.url, organization: "local", environment, gatewayId: environment });
  const events = { folder: scratch.file(environment) };
  return openGateway({ listeners: [{ port: 0 }], source, events, limits: { ...unhurried, eventIntervalMs: 20 }, id: environment });
}

function configOf(folder: string, port: number): string {
  const server = (listen: string, to: string): string => `server {
    listen ${listen};
    set_real_ip_from 127.0.0.0/8;
    real_ip_header proxy_protocol;
    location / {
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_pass http://${to};
    }
  }`;
  const gateway = (name: string): string => new URL(gateways.get(name)?.url ?? "").host;
  const http = [
    server(`127.0.0.1:${port} proxy_protocol`, gateway("one-hop")),
    server(`127.0.0.2:${port} proxy_protocol`, `127.0.0.3:${port}`),
    server(`127.0.0.3:${port}`, gateway("two-hops")),
  ];
  return nginxConfig(folder, { http, logs: "warn" });
}

/** One request of each client, by a user agent of its own. */
async function everybodyAsks(environment: string): Promise<void> {
  await Promise.all(Array.from({ length: CLIENTS }, (_, index) => asks(ENTRANCES[environment] ?? "", index + 1)));
}

function asks(entrance: string, client: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(nginx.port, entrance);
    let text = "";
    socket.setEncoding("latin1").on("data", (part) => {
      text += part;
    });
    socket
      .once("error", reject)
      .once("close", () => (text.startsWith("HTTP/1.1 200") ? resolve() : reject(new Error(`Answered: ${text}`))));
    socket.write(`PROXY TCP4 203.0.113.${client} 203.0.113.254 5000 80\r\n`);
    socket.write(`GET / HTTP/1.1\r\nHost: example.com\r\nUser-Agent: agent ${client}\r\nConnection: close\r\n\r\n`);
  });
}

/** Goes on with traffic until control has told. */
function untilTold(kind: ControlNotice["kind"], environment: string): Promise<void> {
  return vi.waitFor(async () => {
    await everybodyAsks(environment);
    expect(notices.some((notice) => notice.kind === kind && "environment" in notice && notice.environment === environment)).toBe(true);
  }, PATIENT);
}

const fitOf = (environment: string): Promise<Fit> => askWell<Fit>(`${environmentUrl(environment)}:fit`);

const rows = [
  { environment: "one-hop", index: -2, cause: "hop-count-high", fitting: -1, says: "the index counts a hop that nobody writes" },
  { environment: "two-hops", index: -1, cause: "hop-count-low", fitting: -2, says: "the index takes the inner proxy for the client" },
];

test.each(rows)(
  "$environment: when $says, it is told with its cause and the policy that fits, and is over when that stands",
  async ({ environment, index, cause, fitting }) => {
    await patchPolicy(environmentUrl(environment), headerIndex(index));
    await untilTold("misfit-began", environment);
    const { openMisfit } = await fitOf(environment);
    expect(openMisfit?.causes[0]).toBe(cause);
    expect(openMisfit?.proposal).toEqual(headerIndex(fitting));
    expect(await askWell(`${environmentUrl(environment)}/rollout`)).toMatchObject({ misfitSince: expect.any(String) });
    await patchPolicy(environmentUrl(environment), openMisfit?.proposal ?? {});
    await untilTold("misfit-ended", environment);
    const after = await fitOf(environment);
    expect([after.verdict, after.openMisfit]).toEqual(["FITS", undefined]);
    told.clear();
    await everybodyAsks(environment);
    expect([...told].toSorted()).toEqual(Array.from({ length: CLIENTS }, (_, at) => `203.0.113.${at + 1}`).toSorted());
  },
);
