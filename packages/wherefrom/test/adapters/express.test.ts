import { createServer } from "node:http";
import express from "express";
import { expect, test } from "vitest";
import { clientIp, type WithClientIp } from "../../src/adapters/express.ts";
import { createResolver, parsePolicy } from "../../src/index.ts";
import { adapterContract, byRequest, listen, maxHeaderSize, nodeOptions } from "./contract.ts";

declare module "express-serve-static-core" {
  interface Request extends WithClientIp {}
}

adapterContract("Express", {
  open(setting) {
    const app = express();
    const middleware = clientIp(setting.resolver, nodeOptions(setting));
    const router = express.Router();
    router.use(middleware).get("/", (request, response) => {
      response.json(request.clientIp);
    });
    app.use(middleware).use(router);
    return listen(createServer({ maxHeaderSize }, app));
  },
  ways: { request: byRequest },
});

test("a peerOf that asks for more than a Node request is typed by it", () => {
  const peers = new WeakMap<object, string>();
  const resolver = createResolver(parsePolicy({}));
  const middleware = clientIp(resolver, { peerOf: (request: express.Request) => peers.get(request.socket) });
  // @ts-expect-error an Express request is asked for
  const misuse = () => middleware({ rawHeaders: [], socket: {} }, undefined, () => undefined);
  expect(misuse).not.toThrow();
});
