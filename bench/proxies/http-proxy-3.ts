import { Agent, createServer } from "node:http";
import { createProxyServer } from "http-proxy-3";
import { serve, told } from "../traffic/answering.ts";

const { originPort } = told<{ readonly originPort: number }>();

// Program: http-proxy-3, with connections that are kept and the X-Forwarded headers on.
const agent = new Agent({ keepAlive: true, maxSockets: 1_024 });
const proxy = createProxyServer({ target: `http://127.0.0.1:${originPort}`, agent, xfwd: true, ws: true });
proxy.on("error", () => undefined);
const server = createServer((request, response) => proxy.web(request, response));
server.on("upgrade", (request, socket, head) => proxy.ws(request, socket, head));
await serve(server);
