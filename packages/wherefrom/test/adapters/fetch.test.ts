import { describe, expect, test } from "vitest";
import { evidenceOfRequest } from "../../src/adapters/fetch.ts";
import { createResolver, parsePolicy } from "../../src/index.ts";
import { adapterContract, byRequest } from "./contract.ts";
import { serveFetch, takenApart } from "./fetch-server.ts";

adapterContract("a Request of the Fetch standard", {
  open({ resolver, peerOf }) {
    return serveFetch((request, remote) => {
      const peer = peerOf === undefined ? remote : peerOf(request.headers.get("x-row") ?? undefined);
      return Response.json(resolver.resolve(evidenceOfRequest(request, peer)));
    });
  },
  ways: { request: byRequest },
  differing: takenApart,
});

describe("lines that a Headers object has joined", () => {
  const trustedProxies = ["10.0.0.0/8"];

  function clientOf(policy: object, name: string, lines: readonly string[]): string {
    const request = new Request("http://service.example/");
    for (const line of lines) request.headers.append(name, line);
    const { ip, trust, reason } = createResolver(parsePolicy(policy)).resolve(evidenceOfRequest(request, "10.0.0.1"));
    return `${ip} ${trust} ${reason ?? ""}`.trim();
  }

  const walk = { trustedProxiesAlgorithm: { ipHeaderName: "Forwarded", trustedProxies } };
  const second = { headerIndexAlgorithm: { ipHeaderName: "Forwarded", ipHeaderIndex: -2, trustedPeers: trustedProxies } };
  const single = { singleHeaderAlgorithm: { ipHeaderName: "X-Real-IP", trustedPeers: trustedProxies }, fallback: "REJECT" };

  test.each([
    { says: "203.0.113.7 verified", policy: walk, lines: ['for="6.6.6.6', "for=203.0.113.7"] },
    // Read as one text, the client's last element would swallow both hops of the proxies, and its second would be at -2.
    { says: "203.0.113.7 verified", policy: second, lines: ['for=6.6.6.6, for=6.6.6.6, for="', "for=203.0.113.7", "for=10.0.0.2"] },
    { says: "203.0.113.7 verified", policy: second, lines: ['for=6.6.6.6;x="', "for=203.0.113.7", 'for="[2001:db8::1]:443"'] },
    // The limit: such a quote cannot be told from two lines.
    { says: "10.0.0.1 unverified hop-not-an-address", policy: walk, lines: ['for=203.0.113.7;host="a, b"'] },
    { says: "203.0.113.7 verified", policy: walk, lines: ['for=203.0.113.7;host="a,b"'] },
  ])("of Forwarded: $lines is $says", ({ says, policy, lines }) => expect(clientOf(policy, "Forwarded", lines)).toBe(says));

  test.each([
    { says: "203.0.113.7 verified", lines: ["203.0.113.7"] },
    { says: "null unverified header-repeated", lines: ["6.6.6.6", "203.0.113.7"] },
    { says: "null unverified header-repeated", lines: ["203.0.113.7", ""] },
    { says: "null unverified header-repeated", lines: ["", "6.6.6.6"] },
  ])("of a single header: $lines is $says", ({ says, lines }) => expect(clientOf(single, "X-Real-IP", lines)).toBe(says));
});
