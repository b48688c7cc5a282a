import { z } from "zod";
import { routeSchema } from "./route.ts";

/**
 * An environment's configuration as delivered to a gateway. The policy is Apigee's `clientIpResolutionConfig` or our superset
 * of it, still as JSON: the gateway parses it with `parsePolicy` and refuses the whole snapshot if that fails.
 */
export const snapshotSchema = z
  .strictObject({
    organization: z.string().min(1),
    environment: z.string().min(1),
    revision: z.int().min(1).describe("Rises by one with each change of the environment or its routes; the larger is the newer"),
    clientIpResolutionConfig: z.record(z.string(), z.unknown()),
    routes: z.array(routeSchema),
  })
  .meta({ id: "Snapshot" });

export type Snapshot = z.output<typeof snapshotSchema>;
