import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:http";
import { openGateway } from "@wherefrom/gateway";

// Program: a gateway whose target has a name, and the name server that is asked for it, in a network of their own. Arguments: what the name server
// does while one request after another is made. Says the answers in one line.
const ADDRESS = [127, 0, 0, 9];
const A = 1;
const FLAGS = { answers: 0x8180, fails: 0x8182, "knows no such name": 0x8183 };

function reply(query, does) {
  const nameEnd = query.indexOf(0, 12) + 1;
  const question = query.subarray(12, nameEnd + 4);
  const hasAnswer = does === "answers" && query.readUInt16BE(nameEnd) === A;
  const head = Buffer.alloc(12);
  query.copy(head, 0, 0, 2);
  head.writeUInt16BE(FLAGS[does], 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(hasAnswer ? 1 : 0, 6);
  // the name of the question, type, class, a life of 0 s, four bytes
  return Buffer.concat([head, question, hasAnswer ? Buffer.from([0xc0, 12, 0, A, 0, 1, 0, 0, 0, 0, 0, 4, ...ADDRESS]) : Buffer.alloc(0)]);
}

async function serveNames(does) {
  if (does === "is away") return undefined;
  const server = createSocket("udp4");
  server.on("message", (query, { port, address }) => server.send(reply(query, does), port, address));
  server.bind(53, "127.0.0.1");
  await once(server, "listening");
  return server;
}

// each request takes a connection of its own, and a look at the name
const target = createServer((_, response) => response.setHeader("connection", "close").end("here")).listen(8_000, ADDRESS.join("."));
await once(target, "listening");
const routes = [{ name: "all", target: "http://app.test:8000" }];
const snapshot = {
  organization: "local",
  environment: "demo",
  revision: 1,
  clientIpResolutionConfig: { peerAddressAlgorithm: {} },
  routes,
};
const source = { open: async (sink) => void sink.offer(snapshot), close: async () => undefined };
const gateway = await openGateway({ listeners: [{ port: 0 }], source, limits: { maxTargetFailures: 1_000, maxLoopDelayMs: 600_000 } });

const said = [];
for (const does of process.argv.slice(2)) {
  const server = await serveNames(does);
  const response = await fetch(gateway.url);
  said.push(response.ok ? await response.text() : (await response.json()).error.code);
  server?.close();
}
process.stdout.write(`${JSON.stringify(said)}\n`);
process.exit(0);
