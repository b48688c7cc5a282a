import proxy from "@fastify/http-proxy";
import fastify from "fastify";
import { serve, told } from "../traffic/answering.ts";

const { originPort } = told<{ readonly originPort: number }>();

// Program: @fastify/http-proxy, which brings undici.
const app = fastify({ logger: false });
await app.register(proxy, { upstream: `http://127.0.0.1:${originPort}`, undici: { connections: 1_024 } });
await app.ready();
await serve(app.server);
