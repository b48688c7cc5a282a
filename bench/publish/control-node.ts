import { openControl } from "@wherefrom/control";
import { answer, say, told } from "../traffic/answering.ts";

const { folder, originPort } = told<{ readonly folder: string; readonly originPort: number }>();

// Program: a control plane with one environment, on a database of its own.
const control = await openControl({
  listen: { host: "127.0.0.1", port: 0 },
  database: `sqlite:${folder}/control.db`,
  organization: "local",
  access: "off",
});
const routes = [{ name: "everything", target: `http://127.0.0.1:${originPort}` }];
await control.seedEnvironment({ organization: "local", name: "bench", routes });
say({ url: control.url, snapshotKey: control.snapshotKey });
await answer({});
