import { createServer } from "node:http";
import Koa from "koa";
import { type ClientIpState, clientIp } from "../../src/adapters/koa.ts";
import type { Resolution } from "../../src/index.ts";
import { adapterContract, byRequest, listen, maxHeaderSize, nodeOptions } from "./contract.ts";

adapterContract("Koa", {
  open(setting) {
    const app = new Koa<ClientIpState>();
    const middleware = clientIp(setting.resolver, nodeOptions(setting));
    app.use(middleware).use(middleware);
    app.use((context) => {
      const client: Resolution = context.state.clientIp;
      context.body = client;
    });
    const answer = app.callback();
    return listen(createServer({ maxHeaderSize }, (request, response) => void answer(request, response)));
  },
  ways: { request: byRequest },
});
