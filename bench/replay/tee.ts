import { request as ask, createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Stands between a gateway and its control, and gives each batch of events to a second control too. */
export type Tee = { readonly url: string; close(): void };

/** The gateway hears that a batch was taken when both took it. Everything else is asked of the first. */
export async function openTee(first: string, second: string | undefined): Promise<Tee> {
  const server = createServer((request, response) => {
    const isBatch = request.method === "POST" && /:deliverEvents/.test(request.url ?? "");
    if (isBatch && second !== undefined) void passToBoth(request, { response, places: [second, first] });
    else pass(request, { response, place: first });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function pass(request: IncomingMessage, { response, place }: { readonly response: ServerResponse; readonly place: string }): void {
  const asked = ask(`${place}${request.url}`, { method: request.method, headers: request.headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  // an event stream ends with either side
  response.on("close", () => asked.destroy());
  asked.on("error", () => response.destroy());
  request.pipe(asked);
}

type Both = { readonly response: ServerResponse; readonly places: readonly string[] };

async function passToBoth(request: IncomingMessage, { response, places }: Both): Promise<void> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
      typeof value === "string" && PASSED.has(name) ? [[name, value]] : [],
    );
    const answers = await Promise.all(places.map((place) => fetch(`${place}${request.url}`, { method: "POST", headers, body })));
    const worst = answers.find(({ ok }) => !ok) ?? answers[0];
    response.writeHead(worst?.status ?? 502, { "content-type": "application/json" });
    response.end(await worst?.text());
  } catch {
    response.destroy();
  }
}

const PASSED: ReadonlySet<string> = new Set(["content-type", "content-encoding", "authorization"]);
