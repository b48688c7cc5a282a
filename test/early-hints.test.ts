import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openTestGateway, snapshotOf, type TestGateway } from "../packages/gateway/test/rig/gateway.ts";
import { openTarget, type Target } from "../packages/gateway/test/rig/target.ts";
import { type RunningNginx, startNginxOnFreePort } from "./apps/nginx.ts";
import { requires } from "./requirement.ts";

// client -> nginx -> gateway -> a target that hints
let target: Target;
let gateway: TestGateway;
let nginx: RunningNginx & { readonly port: number };

const machine = requires("nginx");
beforeEach(machine.check);
beforeAll(async () => {
  if (!machine.isMet) return;
  target = await openTarget((request, response) => {
    response.writeEarlyHints({ link: "</a.css>; rel=preload" });
    response.end(`answer to ${request.url}`);
  });
  gateway = await openTestGateway(snapshotOf([{ target: target.origin }]));
  nginx = await startNginxOnFreePort({ target: `127.0.0.1:${gateway.port}`, forwarding: "append", keepsConnections: true });
});
afterAll(async () => {
  await nginx?.stop();
  await gateway?.close();
  await target?.close();
});

test("behind nginx, which takes a hint for the answer, each request gets its own answer", async () => {
  for (const path of ["/1", "/2", "/3"]) {
    const response = await fetch(`http://127.0.0.1:${nginx.port}${path}`);
    expect([response.status, await response.text()]).toEqual([200, `answer to ${path}`]);
  }
});
