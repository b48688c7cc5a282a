import { openControl } from "@wherefrom/control";
import { answer, say, told } from "../traffic/answering.ts";

type Told = { readonly folder: string; readonly originPort: number; readonly analytics?: string; readonly seed?: object };

const { folder, originPort, analytics, seed } = told<Told>();

// Program: a control plane with the environment of the gateways and one beside it, on a database of its own.
const control = await openControl({
  listen: { host: "127.0.0.1", port: 0 },
  database: `sqlite:${folder}/control.db`,
  organization: "local",
  access: "off",
  ...(analytics !== undefined && { analytics }),
});
const routes = [{ name: "everything", target: `http://127.0.0.1:${originPort}` }];
await control.seedEnvironment({ organization: "local", name: "bench", routes, ...seed });
await control.seedEnvironment({ organization: "local", name: "aside", routes });
say({ url: control.url, snapshotKey: control.snapshotKey });
await answer({});
