import { randomUUID } from "node:crypto";
import type { Operation, OperationType } from "@wherefrom/model";
import { StoreUnavailable } from "../config-store/port.ts";
import type { ControlParts } from "../parts.ts";

type Finished = {
  readonly organization: string;
  readonly operationType: OperationType;
  /** `organizations/{org}`, or what is inside it. */
  readonly targetResourceName: string;
  /** What the operation made; `undefined` for a deletion. */
  readonly made: { readonly type: "Organization" | "Environment"; readonly body: object } | undefined;
  readonly warnings?: readonly string[];
};

/** The operation of a change that is already made and published, stored so that a client may ask for it again. */
export async function finishOperation({ store }: ControlParts, finished: Finished): Promise<Operation> {
  const { organization, operationType, targetResourceName, made, warnings = [] } = finished;
  const operation: Operation = {
    name: `organizations/${organization}/operations/${randomUUID()}`,
    metadata: {
      "@type": "type.googleapis.com/google.cloud.apigee.v1.OperationMetadata",
      operationType,
      targetResourceName,
      state: "FINISHED",
      ...(warnings.length > 0 && { warnings: [...warnings] }),
    },
    done: true,
    response: made
      ? { "@type": `type.googleapis.com/google.cloud.apigee.v1.${made.type}`, ...made.body }
      : { "@type": "type.googleapis.com/google.protobuf.Empty" },
  };
  await store.of(organization).saveOperation(operation).catch(ignoreUnavailable);
  return operation;
}

/** The change is stored, and to say that it is not would be worse than an operation that nobody finds later. */
function ignoreUnavailable(error: unknown): void {
  if (!(error instanceof StoreUnavailable)) throw error;
}
