import { controlSource, type Gateway, giveHeapRoom, keptSource, openGateway } from "@wherefrom/gateway";
import { answer, say, told } from "../traffic/answering.ts";

type Told = { readonly url: string; readonly snapshotKey: string; readonly id: string; readonly folder: string; readonly events?: string };

const { url, snapshotKey, id, folder, events } = told<Told>();
const environment = { organization: "local", environment: "bench" };

// Program: a gateway as it is run beside a control, its process set up as the command does it: it takes signed snapshots only and keeps them on disk. It also answers who a request is from,
// how many requests it had and what processor time all of it took, and with a folder for events it records each exchange and says how many.
giveHeapRoom();
const gateway = await openGateway({
  listeners: [{ port: 0 }, { port: 0, decide: { trustedPeers: ["127.0.0.0/8"] } }],
  source: keptSource(controlSource({ url, ...environment, gatewayId: id }), {
    place: { folder, name: id },
    keys: [snapshotKey],
    ...environment,
  }),
  ...(events !== undefined && { events: { folder: events } }),
  // On a machine that others use too the loop may be late for no fault of the gateway's: then it must not shed the load that is measured.
  limits: { maxLoopDelayMs: 60_000 },
});
const [port, questionPort] = gateway.listeners.map((place) => Number(new URL(place.url).port));
say({ port, questionPort });
await answer({
  counts: () => ({ ...gateway.eventCounts(), ...gateway.sentCounts() }),
  used() {
    const { user, system } = process.cpuUsage();
    return { requests: requestsOf(gateway), cpuMicros: user + system };
  },
});

function requestsOf({ ownMetrics }: Gateway): number {
  const family = ownMetrics().find(({ name }) => name === "wherefrom_requests_total");
  return (family?.values ?? []).reduce((sum, { value }) => sum + value, 0);
}
