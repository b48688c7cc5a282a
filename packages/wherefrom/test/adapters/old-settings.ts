import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import { Controller, createParamDecorator, type ExecutionContext, Get, type INestApplication, Module, type Type } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import express from "express";
import Fastify, { type FastifyServerOptions } from "fastify";
import { type Context, Hono } from "hono";
import Koa from "koa";
import { type Socket, Server as SocketServer } from "socket.io";
import { WebSocketServer } from "ws";
import type { ResolveRow } from "../corpus.ts";
import { listen } from "./contract.ts";
import { serveFetch } from "./fetch-server.ts";
import { openWire, receiveFrame, request, upgrade } from "./wire.ts";

/** What a framework without Wherefrom says of the request of a row: the address as text. */
export type OldAnswer = (row: ResolveRow) => Promise<string>;

const fieldsOf = ({ headers }: ResolveRow) => headers.map(([name, value]) => `${name}: ${value}`);
const leftmost = (chain: string | null | undefined) => chain?.split(",")[0]?.trim() ?? "nobody";
const chainOf = ({ headers }: IncomingMessage) => headers["x-forwarded-for"] as string | undefined;

/** Asks a server that sees the row's peer as the remote address of its sockets. */
async function answerOf(
  server: Server,
  row: ResolveRow,
  ask: (port: number) => Promise<string> = (port) => get(port, row),
): Promise<string> {
  server.prependListener("connection", (socket) => Object.defineProperty(socket, "remoteAddress", { value: row.peer ?? undefined }));
  const { port, close } = await listen(server);
  const answer = await ask(port);
  await close();
  return answer;
}

async function get(port: number, row: ResolveRow): Promise<string> {
  const wire = openWire(port);
  const answer = await request(wire, "GET /", { fields: fieldsOf(row) });
  wire.close();
  return answer;
}

const withListener = (listener: RequestListener) => (row: ResolveRow) => answerOf(createServer(listener), row);

function expressWith(trustProxy: unknown): OldAnswer {
  const app = express().set("trust proxy", trustProxy);
  app.get("/", (request, response) => void response.send(request.ip));
  return withListener(app);
}

function fastifyWith(trustProxy: unknown): OldAnswer {
  return async (row) => {
    const app = Fastify({ trustProxy } as FastifyServerOptions).get("/", async (request) => request.ip);
    await app.ready();
    return answerOf(app.server, row);
  };
}

function koaWith(options: ConstructorParameters<typeof Koa>[0]): OldAnswer {
  const app = new Koa(options).use((context) => {
    context.body = context.ip;
  });
  const answer = app.callback();
  return withListener((request, response) => void answer(request, response));
}

function honoWith(addressOf: (context: Context) => string | undefined): OldAnswer {
  const { fetch } = new Hono().get("/", (context) => context.text(addressOf(context) ?? "nobody"));
  return (row) => answerOf(createAdaptorServer({ fetch, createServer }) as Server, row);
}

/** Nest's own `@Ip()` is this decorator: the `ip` of the platform's request. */
function nestModule(): Type {
  const Ip = createParamDecorator((_data: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<{ ip: string }>().ip);
  class AppController {
    read(ip: string): string {
      return ip;
    }
  }
  Ip()(AppController.prototype, "read", 0);
  Get()(AppController.prototype, "read", Object.getOwnPropertyDescriptor(AppController.prototype, "read") as PropertyDescriptor);
  Controller()(AppController);
  class AppModule {}
  Module({ controllers: [AppController] })(AppModule);
  return AppModule;
}

function nestWith(open: () => Promise<INestApplication>): OldAnswer {
  return async (row) => {
    const app = await open();
    await app.init();
    const server = app.getHttpServer() as Server;
    return answerOf(server, row);
  };
}

const nestOnExpress = nestWith(async () => {
  const app = await NestFactory.create(nestModule(), new ExpressAdapter(express().set("trust proxy", true)), { logger: false });
  return app;
});

const nestOnFastify = nestWith(async () => {
  const app = await NestFactory.create(nestModule(), new FastifyAdapter({ trustProxy: true }), { logger: false });
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return app;
});

function socketIoWith(addressOf: (socket: Socket) => string): OldAnswer {
  return async (row) => {
    const server = createServer();
    const io = new SocketServer(server, { serveClient: false });
    const seen = new Promise<string>((resolve) => io.use((socket) => resolve(addressOf(socket))));
    return answerOf(server, row, async (port) => {
      const wire = openWire(port);
      await upgrade(wire, "/socket.io/?EIO=4&transport=websocket", fieldsOf(row));
      await receiveFrame(wire);
      wire.send(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x34, 0x30]));
      const answer = await seen;
      wire.close();
      await io.close();
      return answer;
    });
  };
}

function wsWith(addressOf: (request: IncomingMessage) => string | undefined): OldAnswer {
  return async (row) => {
    const server = createServer();
    new WebSocketServer({ server }).on("connection", (socket, request) => socket.send(addressOf(request) ?? "nobody"));
    return answerOf(server, row, async (port) => {
      const wire = openWire(port);
      await upgrade(wire, "/", fieldsOf(row));
      const answer = await receiveFrame(wire);
      wire.close();
      return answer;
    });
  };
}

const fetchLeftmost: OldAnswer = async (row) => {
  const { port, close } = await serveFetch((request) => new Response(leftmost(request.headers.get("X-Forwarded-For"))));
  const answer = await get(port, row);
  await close();
  return answer;
};

/** What people wrote before, as the guides spell it, and the real framework with exactly that. */
export const oldSettings: Readonly<Record<string, OldAnswer>> = {
  'app.set("trust proxy", true)': expressWith(true),
  'app.set("trust proxy", 2)': expressWith(2),
  'app.set("trust proxy", "1")': expressWith("1"),
  'app.set("trust proxy", ["10.0.0.0/8", "172.16.0.0/12"])': expressWith(["10.0.0.0/8", "172.16.0.0/12"]),
  "trustProxy: true": fastifyWith(true),
  "trustProxy: 1": fastifyWith(1),
  'trustProxy: ["10.0.0.0/8", "172.16.0.0/12"]': fastifyWith(["10.0.0.0/8", "172.16.0.0/12"]),
  "new Koa({ proxy: true })": koaWith({ proxy: true }),
  "new Koa({ proxy: true, maxIpsCount: 2 })": koaWith({ proxy: true, maxIpsCount: 2 }),
  "new Koa({ proxy: true, maxIpsCount: 1 })": koaWith({ proxy: true, maxIpsCount: 1 }),
  "getConnInfo(c).remote.address": honoWith((context) => getConnInfo(context).remote.address),
  'c.req.header("x-forwarded-for")?.split(",")[0]': honoWith((context) => leftmost(context.req.header("x-forwarded-for"))),
  '@Ip() with app.set("trust proxy", true)': nestOnExpress,
  "@Ip() with new FastifyAdapter({ trustProxy: true })": nestOnFastify,
  "socket.handshake.address": socketIoWith((socket) => socket.handshake.address),
  'socket.handshake.headers["x-forwarded-for"].split(",")[0]': socketIoWith((socket) => leftmost(chainOf(socket.request))),
  "request.socket.remoteAddress": wsWith((request) => request.socket.remoteAddress),
  'request.headers["x-forwarded-for"].split(",")[0].trim()': wsWith((request) => leftmost(chainOf(request))),
  'request.headers.get("x-forwarded-for").split(",")[0]': fetchLeftmost,
};
