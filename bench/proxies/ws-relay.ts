import { createServer } from "node:http";
import { WebSocket, WebSocketServer } from "ws";
import { serve, told } from "../traffic/answering.ts";

const { originPort } = told<{ readonly originPort: number }>();

// Program: what people write by hand with ws: a WebSocket for each WebSocket, message by message.
const server = createServer();
new WebSocketServer({ server, perMessageDeflate: false }).on("connection", (client, { url = "/" }) => {
  const origin = new WebSocket(`ws://127.0.0.1:${originPort}${url}`, { perMessageDeflate: false });
  const early: unknown[] = [];
  client.on("message", (data, binary) => {
    if (origin.readyState === WebSocket.OPEN) origin.send(data as Buffer, { binary });
    else early.push(data);
  });
  origin.on("open", () => {
    for (const data of early.splice(0)) origin.send(data as Buffer);
  });
  origin.on("message", (data, binary) => client.send(data as Buffer, { binary }));
  client.on("close", () => origin.close());
  origin.on("close", () => client.close());
  client.on("error", () => origin.terminate());
  origin.on("error", () => client.terminate());
});
await serve(server);
