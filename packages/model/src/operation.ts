import { z } from "zod";

export type OperationType = "INSERT" | "UPDATE" | "DELETE";

/**
 * A long-running operation in Apigee's form. Ours are done when they are answered: a change is stored, and offered to the
 * connected gateways, before the answer.
 * Source: google.longrunning.Operation; Apigee's OperationMetadata.
 */
export type Operation = {
  /** `organizations/{org}/operations/{uuid}` */
  name: string;
  metadata: {
    "@type": "type.googleapis.com/google.cloud.apigee.v1.OperationMetadata";
    operationType: OperationType;
    /** `organizations/{org}/environments/{env}` */
    targetResourceName: string;
    state: "IN_PROGRESS" | "FINISHED";
    /** What did not go as one would expect though the operation succeeded, such as a gateway that has not answered yet. */
    warnings?: string[] | undefined;
  };
  done: boolean;
  /** What the operation made: the environment, or nothing for a deletion. `@type` says which. */
  response?: { "@type": string; [field: string]: unknown } | undefined;
};

export const operationSchema: z.ZodType<Operation, unknown> = z
  .strictObject({
    name: z.string(),
    metadata: z.strictObject({
      "@type": z.literal("type.googleapis.com/google.cloud.apigee.v1.OperationMetadata"),
      operationType: z.enum(["INSERT", "UPDATE", "DELETE"]),
      targetResourceName: z.string(),
      state: z.enum(["IN_PROGRESS", "FINISHED"]),
      warnings: z.array(z.string()).optional(),
    }),
    done: z.boolean(),
    response: z.looseObject({ "@type": z.string() }).optional(),
  })
  .meta({ id: "Operation" });
