import type { LabFault, Looked } from "./fault.ts";
import { CLIENT, CLOUD, FIREWALL, FIREWALL_LAN, type Lab, SERVICE } from "./lab.ts";
import { fromClient } from "./network-faults.ts";
import type { Started } from "./process/started.ts";
import { until } from "./process/until.ts";

/** Where the old proxy in the cloud listens, and where it carries to. */
const CLOUD_PORT = 80;
const TO_SERVICE = { host: FIREWALL, port: 18080 } as const;
/** Where a relay on the firewall listens, and a gateway before the service. */
const RELAY_PORT = 18090;
const GATEWAY_PORT = 8090;
/** How far away the lab's relay makes its clients, in milliseconds. */
const FAR_MS = 20;

const atCloud = { host: CLOUD, port: CLOUD_PORT } as const;
const PEER_POLICY = { peerAddressAlgorithm: {} } as const;

/** A proxy in the cloud that writes forwarding headers, as the gateway does. */
const writingProxy = (lab: Lab): Promise<Started> =>
  lab.gateway("cloud", { ...atCloud, clientIpResolutionConfig: PEER_POLICY, target: `http://${FIREWALL}:18080` });

/** The old proxy that says nothing of its clients. */
export const silentProxy = (lab: Lab): Promise<Started> => lab.relay("cloud", { ...atCloud, target: TO_SERVICE });

const cloudSilent: LabFault = {
  name: "cloud-no-headers",
  about: "A proxy in the cloud passes requests on and says nothing of who they are from",
  cause: "proxy-no-header",
  client: CLIENT,
  async break(lab) {
    const old = await silentProxy(lab);
    return {
      done: [`cloud: a proxy at ${CLOUD}:${CLOUD_PORT} without a forwarding header`],
      ask: fromClient(`${CLOUD}:${CLOUD_PORT}`),
      look: async () => [
        { known: { fact: "peer.range", value: ["own-cloud-proxy"] }, how: `${CLOUD} is in the operator's own list of proxies` },
      ],
      async mend() {
        await old.stop();
        await writingProxy(lab);
        return { done: ["cloud: a proxy that writes X-Forwarded-For, as nginx does with proxy_set_header"] };
      },
    };
  },
};

/** A service whose policy is wrong; it is mended with the policy that the probe proposes. */
function policyFault(
  name: string,
  {
    about,
    cause,
    policy,
    hasProxy,
    look,
  }: {
    readonly about: string;
    readonly cause: string;
    readonly policy: object;
    readonly hasProxy: boolean;
    readonly look: readonly Looked[];
  },
): LabFault {
  return {
    name,
    about,
    cause,
    client: CLIENT,
    async break(lab) {
      if (hasProxy) await writingProxy(lab);
      await lab.restartService(["--policy", JSON.stringify(policy)]);
      return {
        done: [`service180: the policy ${JSON.stringify(policy)}`],
        ask: fromClient(hasProxy ? `${CLOUD}:${CLOUD_PORT}` : `${FIREWALL}:18080`),
        look: async () => look,
        async mend({ policy: proposed }) {
          await lab.restartService(["--policy", JSON.stringify(proposed)]);
          return { done: [`service180: the policy that the probe proposes, ${JSON.stringify(proposed)}`] };
        },
      };
    },
  };
}

const relay: LabFault = {
  name: "relay",
  about: "A relay on the firewall opens connections of its own: from the peer it looks like NAT, and is none",
  cause: "edge-proxy-mode",
  client: CLIENT,
  needsTcpdump: true,
  async break(lab) {
    await lab.restartService(["--syn-ttl"]);
    const running = await lab.relay("firewall", {
      host: FIREWALL,
      port: RELAY_PORT,
      target: { host: SERVICE, port: 8080 },
      delayMs: FAR_MS,
    });
    return {
      done: [`firewall: a relay at ${FIREWALL}:${RELAY_PORT} for clients that are ${FAR_MS} ms away`],
      ask: fromClient(`${FIREWALL}:${RELAY_PORT}`),
      look: async () => [],
      async mend() {
        await running.stop();
        return {
          done: [`firewall: a mapping of the kernel, ${FIREWALL}:18080, in place of the relay`],
          ask: fromClient(`${FIREWALL}:18080`),
        };
      },
    };
  },
};

/** A gateway before the service that requires a PROXY protocol header from the firewall. */
const expectingGateway = (lab: Lab): Promise<Started> =>
  lab.gateway("service180", {
    host: SERVICE,
    port: GATEWAY_PORT,
    clientIpResolutionConfig: PEER_POLICY,
    target: "http://127.0.0.1:8080",
    args: ["--proxy-protocol-from", FIREWALL_LAN],
  });

const carried = { host: FIREWALL, port: RELAY_PORT } as const;
const throughRelay = fromClient(`${FIREWALL}:${RELAY_PORT}`, ["--timeout-ms", "1000"]);

const preambleUnexpected: LabFault = {
  name: "proxy-protocol-unexpected",
  about: "A relay begins connections with a PROXY protocol header, and the service does not expect it",
  cause: "proxy-protocol-unexpected",
  client: CLIENT,
  async break(lab) {
    const service = await lab.restartService([]);
    const running = await lab.relay("firewall", { ...carried, target: { host: SERVICE, port: 8080 }, tellsClient: true });
    return {
      done: ["firewall: a relay with send-proxy", "service180: plain HTTP"],
      ask: throughRelay,
      async look() {
        const notice = await until(
          "the service says what came",
          () => /"kind":"proxy-protocol","version":"(v[12])"/.exec(service.stderr())?.[1],
        );
        return [{ known: { fact: "log.proxyPreamble", value: notice }, how: "the service's own log of refused connections" }];
      },
      async mend() {
        await running.stop();
        await expectingGateway(lab);
        await lab.relay("firewall", { ...carried, target: { host: SERVICE, port: GATEWAY_PORT }, tellsClient: true });
        return { done: [`service180: a gateway at port ${GATEWAY_PORT} that requires the header from ${FIREWALL_LAN}`] };
      },
    };
  },
};

const preambleMissing: LabFault = {
  name: "proxy-protocol-missing",
  about: "The service requires a PROXY protocol header, and the relay before it sends none",
  cause: "proxy-protocol-missing",
  client: CLIENT,
  async break(lab) {
    const gateway = await expectingGateway(lab);
    const target = { host: SERVICE, port: GATEWAY_PORT };
    const running = await lab.relay("firewall", { ...carried, target });
    return {
      done: [`service180: a gateway at port ${GATEWAY_PORT} that requires the header`, "firewall: a relay without send-proxy"],
      ask: throughRelay,
      async look() {
        await until("the gateway says what it refused", () => gateway.stderr().includes("PROXY_HEADER_REFUSED"));
        const how = "the gateway's notices, PROXY_HEADER_REFUSED";
        return [
          { known: { fact: "log.resets", value: true }, how },
          { known: { fact: "log.proxyPreamble", value: "no" }, how },
        ];
      },
      async mend() {
        await running.stop();
        await lab.relay("firewall", { ...carried, target, tellsClient: true });
        return { done: ["firewall: a relay with send-proxy"] };
      },
    };
  },
};

/** Faults of proxies, and of whom a service believes. */
export const PROXY_FAULTS: readonly LabFault[] = [
  cloudSilent,
  policyFault("cloud-headers-unread", {
    about: "The proxy in the cloud writes the client into a header, and the service reads the peer",
    cause: "trust-not-configured",
    policy: PEER_POLICY,
    hasProxy: true,
    look: [{ known: { fact: "app.trust", value: "none" }, how: "the service's policy" }],
  }),
  policyFault("forged-headers", {
    about: "The service takes the leftmost element of X-Forwarded-For, as the post-mortem advised: any client chooses its own address",
    cause: "trust-everything",
    policy: { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: 0 } },
    hasProxy: false,
    look: [{ known: { fact: "app.trust", value: "wildcard" }, how: "the service's policy has no gate" }],
  }),
  relay,
  preambleUnexpected,
  preambleMissing,
];
