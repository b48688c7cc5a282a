import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type DemoUpstream, openDemoUpstream } from "../src/demo-upstream.ts";

const told = {
  explanation: {
    ip: "192.0.2.1",
    outcome: "resolved",
    trust: "verified",
    algorithm: "PeerAddressAlgorithm{}",
    key: "192.0.2.1",
    peer: { text: "192.0.2.1", ip: "192.0.2.1", verdict: "client" },
    hops: [],
    unlistedHops: 0,
    sentences: ["The peer is «192.0.2.1»\u009b\u202e."],
  },
  flowVariables: { "client.ip": "192.0.2.1" },
};
const header = Buffer.from(JSON.stringify(told)).toString("base64url");

let demo: DemoUpstream;
beforeAll(async () => {
  demo = await openDemoUpstream();
});
afterAll(() => demo.close());

test("a request gets the resolution first, then explanation, flow variables, and what arrived", async () => {
  const response = await fetch(`${demo.url}/a?b=1`, { headers: { "X-Wherefrom-Explanation": header, "X-Odd": "\u00e9\u009b" } });
  expect(response.headers.get("content-type")).toBe("application/json");
  const text = await response.text();
  expect(text).not.toMatch(/[^\n -~«»]/);
  const body = JSON.parse(text);
  expect(Object.keys(body)).toEqual(["ip", "outcome", "trust", "reason", "algorithm", "key", "explanation", "flowVariables", "received"]);
  expect(body).toMatchObject({
    ip: "192.0.2.1",
    reason: null,
    explanation: { sentences: told.explanation.sentences },
    flowVariables: told.flowVariables,
  });
  expect(body.received).toMatchObject({ method: "GET", path: "/a?b=1" });
  const names = body.received.headers.map(([name]: [string, string]) => name.toLowerCase());
  expect(names).toContain("x-odd");
  expect(names).not.toContain("x-wherefrom-explanation");
});

const unexplained = [
  { sent: "nothing", value: undefined },
  { sent: "no base64url of JSON", value: "%%%" },
  { sent: "JSON that is no explanation", value: Buffer.from("[1]").toString("base64url") },
];

test.each(unexplained)("a request with $sent gets null for each field and is answered all the same", async ({ value }) => {
  const response = await fetch(demo.url, {
    method: "POST",
    body: "x",
    headers: value === undefined ? {} : { "X-Wherefrom-Explanation": value },
  });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    ip: null,
    outcome: null,
    explanation: null,
    flowVariables: null,
    received: { method: "POST" },
  });
});

test("a WebSocket gets the same as its first message, then its own messages, text as text and bytes as bytes", async () => {
  const socket = new WebSocket(demo.url.replace("http", "ws"), { headers: { "X-Wherefrom-Explanation": header } });
  const messages: { text: string; isBinary: boolean }[] = [];
  const three = new Promise<void>((resolve, reject) => {
    socket.on("error", reject);
    socket.on("message", (data, isBinary) => {
      messages.push({ text: data.toString(), isBinary });
      if (messages.length === 3) resolve();
    });
  });
  await once(socket, "open");
  socket.send("hello");
  socket.send(Buffer.from([1, 2, 3]));
  await three;
  socket.close();
  await once(socket, "close");
  expect(JSON.parse(messages[0]?.text ?? "")).toMatchObject({ ip: "192.0.2.1", flowVariables: told.flowVariables });
  expect(messages.slice(1)).toEqual([
    { text: "hello", isBinary: false },
    { text: "\u0001\u0002\u0003", isBinary: true },
  ]);
});
