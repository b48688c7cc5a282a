import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { patient } from "../../gateway/test/rig/gateway.ts";

let files = 0;

/** Writes a gateway file with one listener, on a free port unless told otherwise, for a gateway that has as much time as a busy machine takes. Gives the flags that name it. */
export function patientGateway(folder: string, listener: object = { port: 0 }): readonly string[] {
  files += 1;
  const path = join(folder, `patient-gateway-${files}.json`);
  writeFileSync(path, JSON.stringify({ listeners: [listener], limits: patient }));
  return ["--config", path];
}
