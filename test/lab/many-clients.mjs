import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { WebSocket } from "ws";

// Program: many clients at the same time, each of which says what the target was told of it. Argument: an array of
// { kind, port, host, from, claims, times } as JSON; says the answers of each as an array of texts, or the fault of one in their place.
const clients = JSON.parse(process.argv[2]);

const kinds = {
  async http({ host, port, from, claims, times }) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const answers = [];
    for (let count = 0; count < times; count += 1) {
      const outgoing = request({ host, port, localAddress: from, agent, method: "POST", headers: { "x-forwarded-for": claims } });
      // in packets of their own
      outgoing.setNoDelay(true);
      outgoing.flushHeaders();
      outgoing.end("body");
      const [response] = await once(outgoing, "response");
      answers.push(await textOf(response));
    }
    agent.destroy();
    return answers;
  },
  async http2({ host, port, from, claims, times }) {
    const session = connectHttp2(`http://${host}:${port}`, { createConnection: () => connect({ host, port, localAddress: from }) });
    const answers = await Promise.all(Array.from({ length: times }, () => textOf(session.request({ "x-forwarded-for": claims }))));
    session.close();
    return answers;
  },
  async websocket({ host, port, from, claims, times }) {
    const client = new WebSocket(`ws://${host}:${port}`, { localAddress: from, headers: { "x-forwarded-for": claims } });
    await once(client, "open");
    const answers = [];
    for (let count = 0; count < times; count += 1) {
      client.send("message");
      const [message] = await once(client, "message");
      answers.push(String(message).replace(" message", ""));
    }
    client.close();
    return answers;
  },
  /** As a load balancer that says in front whom the connection is from. */
  async proxy({ host, port, from, claims, times }) {
    const socket = connect({ host, port, localAddress: from, noDelay: true });
    await once(socket, "connect");
    socket.write(`PROXY TCP4 ${claims} 198.51.100.1 1 2\r\n`);
    const answers = [];
    for (let count = 0; count < times; count += 1) {
      socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      let text = "";
      while (!/\r\n\r\n.+$/s.test(text)) text += String((await once(socket, "data"))[0]);
      answers.push(text.slice(text.indexOf("\r\n\r\n") + 4));
    }
    socket.end();
    return answers;
  },
};

async function textOf(stream) {
  let text = "";
  for await (const chunk of stream) text += chunk;
  return text;
}

const said = await Promise.all(clients.map((client) => kinds[client.kind](client).catch((error) => [String(error)])));
process.stdout.write(`${JSON.stringify(said)}\n`);
process.exit(0);
