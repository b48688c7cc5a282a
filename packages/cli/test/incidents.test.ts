import { expect, test, vi } from "vitest";
import { PATIENT } from "../../../tools/patience.ts";
import { openControlForCli } from "./control-for-cli.ts";
import { deliverEvents } from "./deliver-events.ts";

const SETTINGS = '{"minClients":2,"flooder":{"minAmount":50,"minShare":0.2}}';
const CROWD_AGENTS = 20;

type Client = { readonly ip: string; readonly count: number; readonly agents?: number };

test("incidents are listed, shown, closed and banned, and a shared address is not", async () => {
  const { run, json, control } = await openControlForCli({ analytics: "events.duckdb", limits: { abuseLookMs: 50 } });
  expect(await json(["env", "set", "prod", "--abuse-settings", SETTINGS])).toMatchObject({
    environment: { abuseDetection: { minClients: 2 } },
  });
  const eventsOf = ({ ip, count, agents = 1 }: Client) =>
    Array.from({ length: count }, (_, index) => ({
      ...{ time: Date.now() - 1_000, resolvedIp: ip, trust: "verified", userAgent: `agent ${index % agents}` },
    }));
  const clients = [
    { ip: "203.0.113.1", count: 2 },
    { ip: "203.0.113.2", count: 2 },
    { ip: "203.0.113.3", count: 2 },
    { ip: "192.0.2.9", count: 300 },
    { ip: "2001:db8:0:1::5", count: 400, agents: CROWD_AGENTS },
  ];
  await deliverEvents(control, clients.flatMap(eventsOf));
  const [flood, crowd] = await vi.waitFor(async () => {
    const { securityIncidents } = await json(["env", "incidents", "list", "prod"]);
    const ids = ["192.0.2.9/32", "2001:db8:0:1::/64"].map(
      (wanted) =>
        securityIncidents
          .find(({ client }: { client: string }) => client === wanted)
          ?.name.split("/")
          .at(-1) as string,
    );
    expect(ids).not.toContain(undefined);
    return ids as [string, string];
  }, PATIENT);

  const { stdout: listed } = await run(["env", "incidents", "list", "prod", "--filter", "state = OPEN"]);
  expect(listed).toMatch(/^id +state +client +what +risk +requests +seen last\n/);
  expect(listed).toMatch(new RegExp(`\n${flood} +open +192\\.0\\.2\\.9/32 +Flooder +moderate +300 +20`));
  expect(listed).toMatch(new RegExp(`\n${crowd} +open +2001:db8:0:1::/64 +shared address +low +400 +20`));
  expect((await run(["env", "incidents", "show", "prod", flood])).stdout).toMatch(/\namount +300, suspect from 50\n/);

  const env = { WHEREFROM_ENVIRONMENT: "prod" };
  expect((await run(["env", "incidents", "acknowledge", crowd], { env })).stdout).toMatch(/\nstate +acknowledged\n/);
  expect((await run(["env", "incidents", "close", "prod", crowd])).stdout).toMatch(/\nstate +closed\n/);
  const refused = await run(["env", "incidents", "ban", "prod", crowd]);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("(SECURITY_INCIDENT_SHARED)") });

  const banned = await run(["env", "incidents", "ban", "prod", flood, "--ttl", "6h", "--response-code", "429", "--reason", "A flood"]);
  expect(banned).toMatchObject({ code: 0, stderr: "" });
  expect(banned.stdout).toMatch(new RegExp(`^192\\.0\\.2\\.9/32 is denied with 429 until 20[^\n]* UTC, by incident-${flood}\n$`));
  expect(await json(["env", "incidents", "show", "prod", flood])).toMatchObject({
    version: 1,
    securityIncident: { state: "CONVERTED", securityAction: expect.stringContaining(`/securityActions/incident-${flood}`) },
  });

  expect(await run(["env", "incidents", "show", "prod", "none"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("(SECURITY_INCIDENT_NOT_FOUND)"),
  });
  expect((await run(["env", "incidents", "close"], { env })).stderr).toContain("Give the id of an incident");
});
