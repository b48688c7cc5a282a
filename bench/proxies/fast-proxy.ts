import { createServer } from "node:http";
import fastProxy from "fast-proxy";
import { serve, told } from "../traffic/answering.ts";

const { originPort } = told<{ readonly originPort: number }>();

// Program: fast-proxy in its fastest mode, with undici.
const { proxy } = fastProxy({ base: `http://127.0.0.1:${originPort}`, undici: { connections: 1_024 } });
await serve(createServer((request, response) => proxy(request, response, request.url, {})));
