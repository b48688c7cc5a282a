import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AuditEntry, auditFaults } from "@wherefrom/model";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type RunningCommand, runCommand, startCommand } from "../packages/cli/test/command.ts";
import { patientGateway } from "../packages/cli/test/patient-gateway.ts";
import { hasPostgres, openCluster, type PostgresCluster } from "../packages/control/test/postgres-cluster.ts";
import { PATIENT } from "../tools/patience.ts";

const ENVIRONMENTS = "/v1/organizations/local/environments";

type Node = { readonly command: RunningCommand; readonly url: string };
type Gateway = { readonly name: string; readonly revision?: number };

let admin = "";

async function ask<Body>(url: string, method = "GET", body?: object): Promise<{ status: number; headers: Headers; body: Body }> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${admin}` };
  const answer = await fetch(url, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Body };
}

/** Two control processes on one database, and two gateway processes that each know both, in opposite order. */
describe.runIf(hasPostgres)("two control nodes on one PostgreSQL database", () => {
  const folder = mkdtempSync(join(tmpdir(), "wherefrom-two-"));
  const commands: RunningCommand[] = [];
  const acknowledged = new Map<number, string>();
  let cluster: PostgresCluster;
  let control: readonly string[] = [];
  let [left, right]: Node[] = [];
  let gatewayUrls: string[] = [];
  let mark = 0;

  const start = async (args: readonly string[], name: "api" | "gateway"): Promise<Node> => {
    const command = startCommand([...args, "--json"]);
    commands.push(command);
    const [line] = await command.says(/^\{.*\}$/m);
    return { command, url: (JSON.parse(line) as Record<string, string>)[name] ?? "" };
  };

  /** A write, noted when it was acknowledged. Gives its status; 0 when there was no answer. */
  const write = async ({ url }: Node): Promise<number> => {
    mark += 1;
    const description = String(mark);
    try {
      const { status, headers } = await ask(`${url}${ENVIRONMENTS}/demo`, "PUT", { description });
      if (status === 200) acknowledged.set(Number(/\d+/.exec(headers.get("etag") ?? "")?.[0]), description);
      return status;
    } catch {
      return 0;
    }
  };

  /** The same, asked again, as Retry-After says, where a database that has too much to do has stored nothing. */
  const writeWell = (node: Node): Promise<number> =>
    vi.waitFor(async () => {
      const status = await write(node);
      expect(status).not.toBe(503);
      return status;
    }, PATIENT);

  const newest = (): number => Math.max(...acknowledged.keys());
  const gatewaysFollow = (node: Node): Promise<void> =>
    vi.waitFor(async () => {
      const { body } = await ask<{ gateways: Gateway[] }>(`${node.url}${ENVIRONMENTS}/demo/gateways`);
      expect(body.gateways.map(({ name, revision = 0 }) => [name, revision >= newest()])).toEqual([
        ["left-first", true],
        ["right-first", true],
      ]);
    }, PATIENT);

  const nothingIsLost = async (node: Node): Promise<void> => {
    const { body } = await ask<{ revisions: { name: string; settings: { description?: string } }[] }>(
      `${node.url}${ENVIRONMENTS}/demo/revisions?pageSize=1000&includeContent=true`,
    );
    const stored = new Map(body.revisions.map(({ name, settings }) => [Number(name.split("/").at(-1)), settings.description]));
    expect([...stored.keys()].sort((one, other) => one - other)).toEqual(Array.from(stored, (_, index) => index + 1));
    for (const [revision, description] of acknowledged) expect(stored.get(revision)).toBe(description);
    const { body: log } = await ask<{ entries: AuditEntry[] }>(`${node.url}/v1/organizations/local/auditLog?pageSize=1000`);
    expect(auditFaults([...log.entries].reverse())).toEqual([]);
    expect(log.entries.filter(({ resource }) => resource.endsWith("/demo"))).toHaveLength(stored.size);
  };

  beforeAll(async () => {
    cluster = await openCluster();
    const database = await cluster.database();
    control = ["control", "--database", database, "--signing-key", join(folder, "key.pem")];
    const [tokenFile, keyFile] = [join(folder, "admin.token"), join(folder, "gateway.key")];
    left = await start([...control, "--port", "0", "--bootstrap-token-file", tokenFile], "api");
    admin = readFileSync(tokenFile, "utf8").trim();
    right = await start([...control, "--port", "0"], "api");
    expect((await ask(`${left.url}${ENVIRONMENTS}`, "POST", { name: "demo" })).status).toBe(200);
    const env = { WHEREFROM_API_URL: right.url, WHEREFROM_TOKEN_FILE: tokenFile };
    const made = await runCommand(["token", "create", "edge", "--grant", "gateway:demo", "--output", keyFile], { env });
    expect(made).toMatchObject({ code: 0 });
    const gateway = (name: string, ...nodes: readonly Node[]) =>
      start(
        [
          "gateway",
          "--control",
          nodes.map(({ url }) => url).join(","),
          "--control-token-file",
          keyFile,
          "--id",
          name,
          "--snapshot-cache",
          folder,
          ...patientGateway(folder),
        ],
        "gateway",
      );
    gatewayUrls = (await Promise.all([gateway("left-first", left, right), gateway("right-first", right, left)])).map(({ url }) => url);
  });

  afterAll(async () => {
    for (const { child } of commands) child.kill("SIGKILL");
    await Promise.all(commands.map(({ finished }) => finished));
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("writes that alternate between the nodes reach the gateways of both", async () => {
    for (let round = 0; round < 10; round += 1) expect([await writeWell(left as Node), await writeWell(right as Node)]).toEqual([200, 200]);
    await gatewaysFollow(left as Node);
    await gatewaysFollow(right as Node);
    await nothingIsLost(left as Node);
  });

  /** Kills one node while both are written to, and gives it back, started again, when all is seen to go on with the other. */
  const survives = async (killed: Node, other: Node): Promise<Node> => {
    const { child } = killed.command;
    const exited = once(child, "exit");
    const statuses: number[] = [];
    const writing = Array.from({ length: 15 }, async (_, index) => statuses.push(await writeWell(index % 2 === 0 ? killed : other)));
    await vi.waitFor(() => expect(statuses.length).toBeGreaterThan(3), PATIENT);
    child.kill("SIGKILL");
    await exited;
    await Promise.all(writing);
    expect(statuses.filter((status) => status !== 200 && status !== 0)).toEqual([]);
    expect(await writeWell(other)).toBe(200);
    await gatewaysFollow(other);
    await nothingIsLost(other);
    return start([...control, "--port", new URL(killed.url).port], "api");
  };

  test("a node that is killed while both are written to loses nothing, and its gateway goes on with the other, whichever it is", async () => {
    left = await survives(left as Node, right as Node);
    right = await survives(right as Node, left);
  });

  test("a database that is killed is 503 at control and nothing at the gateways, and all goes on when it is back", async () => {
    const node = right as Node;
    const writing = (async () => {
      for (let status = 200; status === 200; ) status = await write(node);
    })();
    await cluster.kill();
    await writing;
    // processes of the server may outlive the first one by a moment
    await vi.waitFor(async () => {
      type Refused = { error: { details: { reason?: string }[] } };
      const { status, headers, body } = await ask<Refused>(`${node.url}${ENVIRONMENTS}/demo`, "PUT", { description: "none" });
      expect([status, headers.get("retry-after"), body.error?.details[0]?.reason]).toEqual([503, "1", "STORE_UNAVAILABLE"]);
    }, PATIENT);
    expect((await ask(`${node.url}${ENVIRONMENTS}/demo`)).status).toBe(503);
    for (const url of gatewayUrls) expect((await fetch(url)).status).toBe(404);
    await cluster.start();
    await vi.waitFor(async () => expect(await write(node)).toBe(200), PATIENT);
    await gatewaysFollow(node);
    await nothingIsLost(node);
    expect(node.command.written().stderr).toMatch(/warning: .* of the database do not work/);
  });
});
