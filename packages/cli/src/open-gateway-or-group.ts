import { type Gateway, type GatewayGroup, type GatewayOptions, giveHeapRoom, openGateway, openGatewayGroup } from "@wherefrom/gateway";
import type { WorkersFlag } from "./workers-flag.ts";

/** Opens a gateway in this process, or in workers where there are to be some. */
export function openGatewayOrGroup(options: GatewayOptions, { workers }: WorkersFlag): Promise<Gateway | GatewayGroup> {
  if (workers !== undefined) return openGatewayGroup({ ...options, workers });
  giveHeapRoom();
  return openGateway(options);
}
