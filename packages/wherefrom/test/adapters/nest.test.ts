import "reflect-metadata";
import { createServer, type IncomingMessage } from "node:http";
import {
  type CanActivate,
  Controller,
  createParamDecorator,
  type ExecutionContext,
  Get,
  type INestApplication,
  Inject,
  Injectable,
  Module,
  type Type,
  UseGuards,
} from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import { WsAdapter } from "@nestjs/platform-ws";
import { SubscribeMessage, WebSocketGateway } from "@nestjs/websockets";
import express from "express";
import { describe, expect, test } from "vitest";
import type { WebSocket } from "ws";
import { CLIENT_OF, type ClientOf, clientIpProvider, createClientOf } from "../../src/adapters/nest.ts";
import type { NodeRequest } from "../../src/adapters/node.ts";
import { createResolver, parsePolicy, type Resolution } from "../../src/index.ts";
import {
  adapterContract,
  byRequest,
  listen,
  maxHeaderSize,
  nodeOptions,
  type Opened,
  openedOf,
  type Setting,
  type Way,
} from "./contract.ts";
import { openWire, receiveFrame, sendFrame, upgrade } from "./wire.ts";

/** A module whose controller gets the client from a parameter decorator, behind a guard that asks the provider. Decorators are called: tests are compiled without them. */
function moduleOf(setting: Setting): Type {
  const provider = clientIpProvider(setting.resolver, nodeOptions(setting));
  const ClientIp = createParamDecorator((_data: unknown, context: ExecutionContext) => provider.useValue(context));

  class AddressGuard implements CanActivate {
    readonly clientOf: ClientOf<NodeRequest>;
    constructor(clientOf: ClientOf<NodeRequest>) {
      this.clientOf = clientOf;
    }
    canActivate(context: ExecutionContext): boolean {
      return this.clientOf(context) === this.clientOf(context.switchToHttp().getRequest<object>());
    }
  }
  Inject(CLIENT_OF)(AddressGuard, undefined, 0);
  Injectable()(AddressGuard);

  class AppController {
    read(client: Resolution): Resolution {
      return client;
    }
  }
  const read = Object.getOwnPropertyDescriptor(AppController.prototype, "read") as TypedPropertyDescriptor<unknown>;
  ClientIp()(AppController.prototype, "read", 0);
  UseGuards(AddressGuard)(AppController.prototype, "read", read);
  Get()(AppController.prototype, "read", read);
  Controller()(AppController);

  class AppModule {}
  Module({ controllers: [AppController], providers: [provider, AddressGuard] })(AppModule);
  return AppModule;
}

async function opened(app: INestApplication): Promise<Opened> {
  const server = app.getHttpServer();
  server.maxHeadersCount = 0;
  await app.listen(0, "127.0.0.1");
  return { port: openedOf(server).port, close: () => app.close() };
}

const quiet = { logger: false } as const;

adapterContract("Nest on Express", {
  async open(setting) {
    const instance = express();
    const app = await NestFactory.create(moduleOf(setting), new ExpressAdapter(instance), quiet);
    await app.init();
    return listen(createServer({ maxHeaderSize }, instance));
  },
  ways: { request: byRequest },
});

adapterContract("Nest on Fastify", {
  async open(setting) {
    const app = await NestFactory.create(moduleOf(setting), new FastifyAdapter({ http: { maxHeaderSize } }), quiet);
    return opened(app);
  },
  ways: { request: byRequest },
});

/** A gateway that remembers a client when it connects, and tells it who it is when it asks. */
function gatewayModuleOf(setting: Setting): Type {
  const clientOf = createClientOf(setting.resolver, nodeOptions(setting));
  const ClientIp = createParamDecorator((_data: unknown, context: ExecutionContext) => clientOf(context));

  class ClientGateway {
    handleConnection(client: WebSocket, request: IncomingMessage): void {
      clientOf(request, client);
    }
    tell(client: Resolution): Resolution {
      return client;
    }
  }
  ClientIp()(ClientGateway.prototype, "tell", 0);
  SubscribeMessage("client")(ClientGateway.prototype, "tell", {
    value: ClientGateway.prototype.tell,
  });
  WebSocketGateway()(ClientGateway);

  class AppModule {}
  Module({ providers: [ClientGateway] })(AppModule);
  return AppModule;
}

const byMessage: Way = async (port, fields) => {
  const wire = openWire(port);
  await upgrade(wire, "/", fields);
  sendFrame(wire, '{"event":"client"}');
  const frame = await receiveFrame(wire);
  wire.close();
  return JSON.parse(frame) as Resolution;
};

adapterContract("a gateway of Nest over ws", {
  async open(setting) {
    const app = await NestFactory.create(gatewayModuleOf(setting), new ExpressAdapter(express()), quiet);
    app.useWebSocketAdapter(new WsAdapter(app));
    return opened(app);
  },
  ways: { "upgrade and message": byMessage },
  // Nest makes this server itself, with Node's limit of 16 KiB.
  leaveOut: ({ headers }) => headers.flat().join("").length > 15_000,
});

describe("what clientOf takes", () => {
  const clientOf = createClientOf(createResolver(parsePolicy({ peerAddressAlgorithm: {} })));
  const request: NodeRequest = { rawHeaders: [], socket: { remoteAddress: "192.0.2.9" } };
  const context = (type: string, view: unknown) => ({
    getType: () => type,
    switchToHttp: () => ({ getRequest: () => view }),
    switchToWs: () => ({ getClient: () => view }),
  });

  test.each([
    ["a Node or Express request", request],
    ["a Fastify request", { raw: request }],
    ["a Socket.IO client", { request }],
    ["a context of HTTP", context("http", request)],
    ["a context of HTTP on Fastify", context("http", { raw: request })],
    ["a context of a Socket.IO gateway", context("ws", { request })],
  ])("%s", (_title, source) => expect(clientOf(source)).toMatchObject({ ip: "192.0.2.9" }));

  test.each([
    ["a context of GraphQL", context("graphql", undefined), /Expected a context of http or ws, got one of graphql/],
    ["a ws client that nobody remembered", context("ws", {}), /in handleConnection/],
  ])("and not %s", (_title, source, message) => expect(() => clientOf(source)).toThrow(message));
});
