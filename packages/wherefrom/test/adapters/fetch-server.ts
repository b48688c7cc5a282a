import { createServer } from "node:http";
import { type Difference, listen, maxHeaderSize, type Opened } from "./contract.ts";

/** Answers a request of the Fetch standard. `remote` is the address of the far end, as the runtime knows it. */
export type FetchHandler = (request: Request, remote: string | undefined) => Response | Promise<Response>;

/** A server over real sockets whose application sees nothing but the Fetch standard, as on Deno, Bun and Workers. */
export function serveFetch(handle: FetchHandler): Promise<Opened> {
  const server = createServer({ maxHeaderSize }, async ({ rawHeaders, url, socket }, response) => {
    const headers = new Headers();
    for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at] as string, rawHeaders[at + 1] as string);
    const answer = await handle(new Request(`http://service.example${url}`, { headers }), socket.remoteAddress);
    response.end(await answer.text());
  });
  return listen(server);
}

const client = { ip: "203.0.113.7", outcome: "resolved", trust: "verified", reason: undefined, key: "203.0.113.7" } as const;
const client6 = { ...client, ip: "2001:db8::7", key: "2001:db8::/64" } as const;
const peer = (ip: string, reason: "hop-not-an-address" | "header-repeated") =>
  ({ ip, outcome: "fallback", trust: "unverified", reason, key: ip }) as const;

/**
 * The rows that are answered otherwise when lines that a `Headers` object may have joined are taken apart at every `", "`. The hop that a proxy appended
 * is read where the grammar says that a client's open quote has swallowed it; quoted text with `", "` in it, and one value beside an empty element, are
 * not read.
 */
export const takenApart: Readonly<Record<string, Difference>> = {
  "resolve/attacks.json: quote swallowing in Forwarded on the line of the proxy is a rejection": client,
  "resolve/attacks.json: a Forwarded from the client closed by the quotes of the proxy is a rejection": client6,
  "resolve/attacks.json: an escaped quote at the end of the client part": client,
  "resolve/forwarded.json: a comma in quotes does not split": peer("10.0.0.1", "hop-not-an-address"),
  "resolve/forwarded.json: an escaped quote does not end the string": peer("10.0.0.1", "hop-not-an-address"),
  "resolve/single-header.json: empty elements beside the one value do not count": peer("173.245.48.5", "header-repeated"),
};
