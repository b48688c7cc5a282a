import type { LabFault, LabFaultName, Looked } from "./fault.ts";
import { CLIENT, CLOUD, FIREWALL, FIREWALL_LAN, type Lab, SERVICE } from "./lab.ts";
import { said } from "./lab-text.ts";
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
  cause: "proxy-no-header",
  client: CLIENT,
  async break(lab) {
    const old = await silentProxy(lab);
    return {
      done: [said("labSilentProxy", { address: `${CLOUD}:${CLOUD_PORT}` })],
      ask: fromClient(`${CLOUD}:${CLOUD_PORT}`),
      look: async () => [{ known: { fact: "peer.range", value: ["own-cloud-proxy"] }, how: said("labListed", { address: CLOUD }) }],
      async mend() {
        await old.stop();
        await writingProxy(lab);
        return { done: [said("labWritingProxy")] };
      },
    };
  },
};

/** A service whose policy is wrong; it is mended with the policy that the probe proposes. */
function policyFault(
  name: LabFaultName,
  {
    cause,
    policy,
    hasProxy,
    look,
  }: {
    readonly cause: string;
    readonly policy: object;
    readonly hasProxy: boolean;
    readonly look: readonly Looked[];
  },
): LabFault {
  return {
    name,
    cause,
    client: CLIENT,
    async break(lab) {
      if (hasProxy) await writingProxy(lab);
      await lab.restartService(["--policy", JSON.stringify(policy)]);
      return {
        done: [said("labPolicy", { policy: JSON.stringify(policy) })],
        ask: fromClient(hasProxy ? `${CLOUD}:${CLOUD_PORT}` : `${FIREWALL}:18080`),
        look: async () => look,
        async mend({ policy: proposed }) {
          await lab.restartService(["--policy", JSON.stringify(proposed)]);
          return { done: [said("labPolicyProposed", { policy: JSON.stringify(proposed) })] };
        },
      };
    },
  };
}

const relay: LabFault = {
  name: "relay",
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
      done: [said("labRelay", { address: `${FIREWALL}:${RELAY_PORT}`, ms: String(FAR_MS) })],
      ask: fromClient(`${FIREWALL}:${RELAY_PORT}`),
      look: async () => [],
      async mend() {
        await running.stop();
        return {
          done: [said("labMapping", { address: `${FIREWALL}:18080` })],
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
  cause: "proxy-protocol-unexpected",
  client: CLIENT,
  async break(lab) {
    const service = await lab.restartService([]);
    const running = await lab.relay("firewall", { ...carried, target: { host: SERVICE, port: 8080 }, tellsClient: true });
    return {
      done: [said("labRelayTelling"), said("labPlainService")],
      ask: throughRelay,
      async look() {
        const notice = await until(
          "the service says what came",
          () => /"kind":"proxy-protocol","version":"(v[12])"/.exec(service.stderr())?.[1],
          lab.at("service180").waitMs,
        );
        return [{ known: { fact: "log.proxyPreamble", value: notice }, how: said("labServiceLog") }];
      },
      async mend() {
        await running.stop();
        await expectingGateway(lab);
        await lab.relay("firewall", { ...carried, target: { host: SERVICE, port: GATEWAY_PORT }, tellsClient: true });
        return { done: [said("labGatewayFrom", { port: String(GATEWAY_PORT), address: FIREWALL_LAN })] };
      },
    };
  },
};

const preambleMissing: LabFault = {
  name: "proxy-protocol-missing",
  cause: "proxy-protocol-missing",
  client: CLIENT,
  async break(lab) {
    const gateway = await expectingGateway(lab);
    const target = { host: SERVICE, port: GATEWAY_PORT };
    const running = await lab.relay("firewall", { ...carried, target });
    return {
      done: [said("labGateway", { port: String(GATEWAY_PORT) }), said("labRelaySilent")],
      ask: throughRelay,
      async look() {
        const hasRefused = (): boolean => gateway.stderr().includes("PROXY_HEADER_REFUSED");
        await until("the gateway says what it refused", hasRefused, lab.at("service180").waitMs);
        const how = said("labGatewayLog");
        return [
          { known: { fact: "log.resets", value: true }, how },
          { known: { fact: "log.proxyPreamble", value: "no" }, how },
        ];
      },
      async mend() {
        await running.stop();
        await lab.relay("firewall", { ...carried, target, tellsClient: true });
        return { done: [said("labRelayTelling")] };
      },
    };
  },
};

/** Faults of proxies, and of whom a service believes. */
export const PROXY_FAULTS: readonly LabFault[] = [
  cloudSilent,
  policyFault("cloud-headers-unread", {
    cause: "trust-not-configured",
    policy: PEER_POLICY,
    hasProxy: true,
    look: [{ known: { fact: "app.trust", value: "none" }, how: said("labPolicyRead") }],
  }),
  policyFault("forged-headers", {
    cause: "trust-everything",
    policy: { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: 0 } },
    hasProxy: false,
    look: [{ known: { fact: "app.trust", value: "wildcard" }, how: said("labPolicyOpen") }],
  }),
  relay,
  preambleUnexpected,
  preambleMissing,
];
