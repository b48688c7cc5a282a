import { expect, test } from "vitest";
import { type ControlUnderTest, openTestControl, verdictOf } from "./control-under-test.ts";

const TARGET = "http://127.0.0.1:9000";
const ORG = "//v1/organizations/local";

async function openTwo(): Promise<ControlUnderTest> {
  const under = await openTestControl();
  await under.control.seedEnvironment({ organization: "local", name: "prod", routes: [{ name: "shop", target: TARGET }] });
  const routes = [
    { name: "shop", target: TARGET },
    { name: "blog", host: "blog.example", target: TARGET },
  ];
  await under.control.seedEnvironment({ organization: "local", name: "test", routes });
  await under.ask("PUT /test", { body: { description: "second" } });
  return under;
}

test("routes of one name are one API proxy, and an environment's revision is its revision", async () => {
  const { ask } = await openTwo();
  expect((await ask(`GET ${ORG}/apis`)).body).toEqual({
    proxies: [
      { name: "blog", latestRevisionId: "2" },
      { name: "shop", latestRevisionId: "2" },
    ],
  });
  const { proxies } = (await ask(`GET ${ORG}/apis?includeRevisions=true&include_meta_data=true`)).body;
  expect(proxies[1]).toEqual({ name: "shop", revision: ["1", "2"], latestRevisionId: "2" });
  expect((await ask(`GET ${ORG}/apis/shop`)).body).toEqual(proxies[1]);
  expect(verdictOf(await ask(`GET ${ORG}/apis/none`))).toBe("404 NOT_FOUND ROUTE_NOT_FOUND");
});

test("deployments are routes in environments", async () => {
  const { ask } = await openTwo();
  const deployStartTime = (await ask("GET /test")).body.lastModifiedAt;
  const blog = { environment: "test", apiProxy: "blog", revision: "2", deployStartTime };
  expect((await ask(`GET ${ORG}/apis/blog/deployments`)).body).toEqual({ deployments: [blog] });
  expect((await ask("GET /test/deployments")).body).toEqual({ deployments: [{ ...blog, apiProxy: "shop" }, blog] });
  expect((await ask("GET /test/deployments?sharedFlows=true")).body).toEqual({ deployments: [] });
  expect(verdictOf(await ask(`GET ${ORG}/apis/none/deployments`))).toBe("404 NOT_FOUND ROUTE_NOT_FOUND");
});
