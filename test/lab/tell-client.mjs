import { createServer } from "node:http";
import { WebSocketServer } from "ws";

// Program: a target that says whom it was told as the client, over HTTP in the body, over a WebSocket before each message that it sends back. Arguments: address and port.
const [host, port] = process.argv.slice(2);
const server = createServer(
  (request, response) => void request.resume().once("end", () => response.end(String(request.headers["x-real-ip"]))),
);
new WebSocketServer({ server }).on("connection", (client, request) => {
  client.on("message", (message) => client.send(`${request.headers["x-real-ip"]} ${message}`));
});
server.listen(Number(port), host, () => process.stdout.write("ready\n"));
