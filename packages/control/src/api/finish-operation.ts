import { randomUUID } from "node:crypto";
import type { Operation, OperationType } from "@wherefrom/model";
import type { Published } from "../change.ts";
import type { ControlParts } from "../parts.ts";
import { environmentJson, environmentName } from "./environment-json.ts";

const ENVIRONMENT_TYPE = "type.googleapis.com/google.cloud.apigee.v1.Environment";
const EMPTY_TYPE = "type.googleapis.com/google.protobuf.Empty";

/** The operation of a change that is already made and published, stored so that a client may ask for it again. */
export async function finishOperation(parts: ControlParts, published: Published, operationType: OperationType): Promise<Operation> {
  const { organization, store } = parts;
  const { before, after, revision, lateGateways } = published;
  const name = after?.name ?? before?.name ?? "";
  const warnings = lateGateways.map((gateway) => `Gateway ${gateway} is connected but has not reported revision ${revision} yet`);
  const operation: Operation = {
    name: `organizations/${organization}/operations/${randomUUID()}`,
    metadata: {
      "@type": "type.googleapis.com/google.cloud.apigee.v1.OperationMetadata",
      operationType,
      targetResourceName: environmentName(organization, name),
      state: "FINISHED",
      ...(warnings.length > 0 && { warnings }),
    },
    done: true,
    response: after === undefined ? { "@type": EMPTY_TYPE } : { "@type": ENVIRONMENT_TYPE, ...environmentJson(after) },
  };
  await store.saveOperation(operation);
  return operation;
}
