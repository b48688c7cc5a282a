import { type Control, openControl } from "@wherefrom/control";
import { controlSource, type Gateway, type Notice, openGateway } from "@wherefrom/gateway";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { unhurried } from "../packages/gateway/test/rig/gateway.ts";
import { PATIENT } from "../tools/patience.ts";
import { onFreePort, type RunningNginx, runNginx } from "./apps/nginx.ts";
import { nginxConfig } from "./apps/nginx-config.ts";
import { openScratch, type Scratch } from "./process/scratch.ts";
import { requires } from "./requirement.ts";

const ENVIRONMENT = { organization: "local", environment: "demo" };

let scratch: Scratch;
let control: Control;

const machine = requires("nginx");
beforeEach(machine.check);
beforeAll(async () => {
  if (!machine.isMet) return;
  scratch = await openScratch();
  control = await openControl({
    listen: { host: "127.0.0.1", port: 0 },
    organization: "local",
    database: `sqlite:${scratch.file("control.db")}`,
    access: "off",
  });
  await control.seedEnvironment({ organization: "local", name: "demo" });
});
afterAll(async () => {
  await control?.close();
  await scratch?.remove();
});

/** nginx as it is installed, with one `proxy_pass` to control. */
function nginxBefore(lines: readonly string[]): Promise<RunningNginx & { readonly port: number }> {
  return onFreePort((listen) =>
    runNginx((folder) => nginxConfig(folder, { http: [`server { listen ${listen}; location / { ${lines.join(" ")} } }`], logs: "warn" })),
  );
}

const rows = [
  { what: "that collects what it passes on, as it does unless it is told not to", lines: [], notice: "CONTROL_CONNECTED" },
  { what: "that does so whatever it is told", lines: ["proxy_ignore_headers X-Accel-Buffering;"], notice: "CONTROL_POLLING" },
];

test.each(rows)("behind an nginx $what a gateway follows control: $notice", async ({ lines, notice }) => {
  const nginx = await nginxBefore([`proxy_pass ${control.url};`, ...lines]);
  const notices: Notice[] = [];
  let gateway: Gateway | undefined;
  try {
    const source = controlSource({
      url: `http://127.0.0.1:${nginx.port}`,
      ...ENVIRONMENT,
      gatewayId: notice,
      // short where the header is held back, and long enough for a busy machine where it is not
      timing: { requestTimeoutMs: notice === "CONTROL_POLLING" ? 1_000 : 10_000, minPollIntervalMs: 5 },
    });
    const running = await openGateway({ listeners: [{ port: 0 }], source, limits: unhurried, onNotice: (told) => notices.push(told) });
    gateway = running;
    for (const description of ["one", "two", "three"]) {
      const answer = await fetch(`${control.url}/v1/organizations/local/environments/demo`, {
        method: "PATCH",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ description: `${notice} ${description}` }),
      });
      const revision = Number(/\d+/.exec(answer.headers.get("etag") ?? "")?.[0]);
      await vi.waitFor(() => expect(running.revision()).toBe(revision), PATIENT);
    }
    expect(notices.map(({ code }) => code)).toContain(notice);
  } finally {
    await gateway?.close();
    await nginx.stop();
  }
});
