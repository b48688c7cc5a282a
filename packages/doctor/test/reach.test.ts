import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parsePrefix } from "wherefrom";
import { type RunningEcho, serveEcho } from "../src/echo/serve-echo.ts";
import { readForeignTarget } from "../src/probe/foreign-target.ts";
import { isWithin, type Reach } from "../src/probe/reach.ts";
import { type LookUp, type ProbeOptions, runProbe } from "../src/probe/run-probe.ts";

const networks = (...texts: readonly string[]): Reach["networks"] =>
  texts.map((text) => {
    const reading = parsePrefix(text);
    if (reading.kind !== "prefix") throw new Error(text);
    return reading.prefix;
  });
const PUBLIC: Reach = { isPublic: true, networks: [] };
const LISTED: Reach = { isPublic: false, networks: networks("10.77.0.0/16", "127.0.0.1/32", "::1/128", "2002::/16", "2001:db8:1::/48") };

const addresses: { address: string; why: string; isPublic: boolean; isListed: boolean }[] = [
  { address: "93.184.216.34", why: "an ordinary address", isPublic: true, isListed: false },
  { address: "2606:2800:220:1::1", why: "an ordinary address", isPublic: true, isListed: false },
  { address: "10.77.3.4", why: "private", isPublic: false, isListed: true },
  { address: "10.78.0.1", why: "private, another network", isPublic: false, isListed: false },
  { address: "127.0.0.1", why: "loopback", isPublic: false, isListed: true },
  { address: "127.0.0.2", why: "loopback, another address", isPublic: false, isListed: false },
  { address: "::1", why: "loopback", isPublic: false, isListed: true },
  { address: "169.254.169.254", why: "where clouds tell credentials", isPublic: false, isListed: false },
  { address: "fd00:ec2::254", why: "the same in IPv6", isPublic: false, isListed: false },
  { address: "100.64.0.1", why: "carrier-grade NAT", isPublic: false, isListed: false },
  { address: "0.0.0.0", why: "this host, on Linux", isPublic: false, isListed: false },
  { address: "::", why: "the same in IPv6", isPublic: false, isListed: false },
  { address: "0.1.2.3", why: "this network", isPublic: false, isListed: false },
  { address: "224.0.0.1", why: "multicast", isPublic: false, isListed: false },
  { address: "ff02::1", why: "multicast", isPublic: false, isListed: false },
  { address: "255.255.255.255", why: "broadcast", isPublic: false, isListed: false },
  { address: "fe80::1", why: "link-local", isPublic: false, isListed: false },
  { address: "fec0::1", why: "site-local, which routers may still know", isPublic: false, isListed: false },
  { address: "fe80::1%lo", why: "a zone", isPublic: false, isListed: false },
  { address: "4000::1", why: "assigned to nobody", isPublic: false, isListed: false },
  { address: "2001:3::1", why: "a protocol's", isPublic: false, isListed: false },
  { address: "2001:db8:1::5", why: "documentation, listed", isPublic: false, isListed: true },
  { address: "::ffff:10.77.3.4", why: "IPv4-mapped, listed", isPublic: false, isListed: true },
  { address: "::ffff:127.0.0.2", why: "IPv4-mapped", isPublic: false, isListed: false },
  { address: "::ffff:a9fe:a9fe", why: "IPv4-mapped, in hexadecimal", isPublic: false, isListed: false },
  { address: "::127.0.0.2", why: "IPv4-compatible", isPublic: false, isListed: false },
  { address: "::ffff:0:127.0.0.2", why: "IPv4-translated", isPublic: false, isListed: false },
  { address: "64:ff9b::93.184.216.34", why: "NAT64 of an ordinary address", isPublic: true, isListed: false },
  { address: "64:ff9b::127.0.0.2", why: "NAT64 of loopback", isPublic: false, isListed: false },
  { address: "64:ff9b::a9fe:a9fe", why: "NAT64 of where clouds tell credentials", isPublic: false, isListed: false },
  { address: "64:ff9b:1::5db8:d822", why: "NAT64 for local use", isPublic: false, isListed: false },
  { address: "2002:a4d:304::1", why: "6to4 of a listed one, listed", isPublic: false, isListed: true }, // 10.77.3.4
  { address: "2002:7f00:2::1", why: "6to4 of loopback, listed", isPublic: false, isListed: false },
  { address: "2002:5db8:d822::1", why: "6to4 of an ordinary address", isPublic: false, isListed: false },
  { address: "2001:0:5db8:d822::a247:27dd", why: "Teredo of ordinary addresses", isPublic: false, isListed: false },
  { address: "2001:db8:1::5efe:127.0.0.2", why: "ISATAP of loopback under a listed prefix", isPublic: false, isListed: false },
  { address: "2001:db8:1::200:5efe:10.77.3.4", why: "ISATAP of a listed one under a listed prefix", isPublic: false, isListed: true },
  { address: "2606:2800:220:1:0:5efe:10.0.0.1", why: "ISATAP of a private one under an ordinary prefix", isPublic: false, isListed: false },
  { address: "127.0.0.1:80", why: "a port", isPublic: false, isListed: false },
  { address: "127.0.0.1/32", why: "a network", isPublic: false, isListed: false },
  { address: "0177.0.0.1", why: "another spelling", isPublic: false, isListed: false },
];

test.each(addresses)("$address ($why): public $isPublic, listed $isListed", ({ address, isPublic, isListed }) => {
  expect({ isPublic: isWithin(PUBLIC, address), isListed: isWithin(LISTED, address) }).toEqual({ isPublic, isListed });
});

test("nowhere is within reach of nothing", () => {
  for (const { address } of addresses) expect(isWithin({ isPublic: false, networks: [] }, address)).toBe(false);
});

test("no way of carrying a private address gets it past the internet alone", () => {
  const byte = fc.nat({ max: 255 });
  const hex = (high: number, low: number): string => ((high << 8) | low).toString(16);
  const inverted = (octet: number): number => ~octet & 0xff;
  fc.assert(
    fc.property(fc.constantFrom(10, 127), byte, byte, byte, (a, b, c, d) => {
      const [left, right] = [hex(a, b), hex(c, d)];
      const forms = [
        `${a}.${b}.${c}.${d}`,
        ...["::", "::ffff:", "::ffff:0:", "64:ff9b::", "2606:4700::5efe:", "2606:4700::200:5efe:"].map(
          (prefix) => `${prefix}${left}:${right}`,
        ),
        `2002:${left}:${right}::1`,
        `2001:0:${left}:${right}::1`,
        `2001:0:5db8:d822:0:0:${hex(inverted(a), inverted(b))}:${hex(inverted(c), inverted(d))}`,
      ];
      expect(forms.filter((form) => isWithin(PUBLIC, form))).toEqual([]);
    }),
  );
});

const urls = [
  { url: "http://service.example:18000/.wherefrom-4c1f0a9e7d2b", kind: "target" },
  { url: "https://service.example/.wherefrom-4c1f0a9e7d2b", kind: "target" },
  { url: "nonsense", kind: "refused" },
  { url: "file:///etc/passwd-is-long-enough", kind: "refused" },
  { url: "gopher://service.example/.wherefrom-4c1f0a9e7d2b", kind: "refused" },
  { url: "http://user:pw@service.example/.wherefrom-4c1f0a9e7d2b", kind: "refused" },
  { url: "http://service.example/", kind: "refused" },
  { url: "http://service.example/admin/delete", kind: "refused" }, // too short for an echo's
  { url: "http://service.example/.wherefrom-4c1f0a9e7d2b?x=1", kind: "refused" },
  { url: "http://service.example/.wherefrom-4c1f0a9e7d2b%0d%0aX:1", kind: "refused" },
  { url: "http://service.example:25/.wherefrom-4c1f0a9e7d2b", kind: "refused" },
  { url: "http://service.example:6000/.wherefrom-4c1f0a9e7d2b", kind: "refused" },
];

test.each(urls)("$url, named by somebody else, is $kind", ({ url, kind }) => {
  expect(readForeignTarget(url).kind).toBe(kind);
});

describe("over real sockets, of a probe that may go to 127.0.0.1 alone", () => {
  const PATH = "/.wherefrom-reach-under-test";
  const reach: Reach = { isPublic: false, networks: networks("127.0.0.1/32") };
  let echo: RunningEcho;
  const victims: Server[] = [];
  let ports: { readonly v4: number; readonly v6: number };
  let connections = 0;

  const listen = async (server: Server, host: string): Promise<number> => {
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    return (server.address() as AddressInfo).port;
  };
  const openVictim = (host: string): Promise<number> => {
    const server = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    victims.push(server);
    return listen(server, host);
  };

  beforeAll(async () => {
    echo = await serveEcho({ listen: { host: "127.0.0.1", port: 0 }, path: PATH });
    // on all addresses of this host, so that a way in by any of them would be seen
    ports = { v4: await openVictim("0.0.0.0"), v6: await openVictim("::") };
  });
  beforeEach(() => {
    connections = 0;
  });
  afterAll(async () => {
    await echo.close();
    for (const server of victims) server.close();
  });

  const probe = (url: string, more: Partial<ProbeOptions> = {}): ReturnType<typeof runProbe> =>
    runProbe({
      url: new URL(PATH, url),
      rounds: 1,
      transports: ["http", "websocket"],
      families: [4, 6],
      timeoutMs: 2_000,
      pauseMs: 0,
      reach,
      ...more,
    });
  const always =
    (...found: readonly string[]): LookUp =>
    async () =>
      found;

  const attacks: { says: string; host: string; found?: readonly string[] }[] = [
    { says: "another loopback address", host: "127.0.0.2" },
    { says: "the same as one number", host: "2130706434" },
    { says: "the same in hexadecimal", host: "0x7f000002" },
    { says: "the same in octal", host: "0177.0.0.02" },
    { says: "the same, shortened", host: "127.2" },
    { says: "the same in full-width digits", host: "１２７.0.0.2" },
    { says: "this host by no address", host: "0.0.0.0" },
    { says: "this host by no address, shortened", host: "0" },
    { says: "IPv6 loopback", host: "[::1]" },
    { says: "this host by no IPv6 address", host: "[::]" },
    { says: "an IPv4-mapped address", host: "[::ffff:127.0.0.2]" },
    { says: "an IPv4-mapped address of no address", host: "[::ffff:0.0.0.0]" },
    { says: "an IPv4-compatible address", host: "[::127.0.0.2]" },
    { says: "a NAT64 address", host: "[64:ff9b::127.0.0.2]" },
    { says: "a 6to4 address", host: "[2002:7f00:2::1]" },
    { says: "a name of this host", host: "localhost", found: ["127.0.0.1", "::1"] },
    { says: "a name that leads inside", host: "inside.example", found: ["127.0.0.2"] },
    { says: "a name with a dot behind it", host: "inside.example.", found: ["127.0.0.2"] },
    { says: "a name that leads inside among others", host: "both.example", found: ["127.0.0.1", "127.0.0.2"] },
    { says: "a name that leads inside by IPv6 alone", host: "both.example", found: ["127.0.0.1", "::1"] },
    { says: "a name with a zone in its answer", host: "zone.example", found: ["127.0.0.1", "fe80::1%lo"] },
    { says: "a name with nonsense for an answer", host: "odd.example", found: ["127.0.0.1", "127.1"] },
    { says: "a name without an address", host: "none.example", found: [] },
  ];

  test.each(attacks)("$says is refused, and nobody is connected to", async ({ host, found = [] }) => {
    for (const port of [ports.v4, ports.v6]) {
      await expect(probe(`http://${host}:${port}`, { lookUp: always(...found) })).rejects.toMatchObject({ code: "PROBE_OUT_OF_REACH" });
    }
    expect(connections).toBe(0);
  });

  test("a name is looked up once: what it leads to afterwards is nobody's business", async () => {
    const asked: string[] = [];
    const lookUp: LookUp = async (name) => {
      asked.push(name);
      return asked.length === 1 ? ["127.0.0.1"] : ["127.0.0.2"];
    };
    const run = await probe(`http://rebinding.example:${echo.address.port}`, { lookUp });
    expect(asked).toEqual(["rebinding.example"]);
    expect(run.answers.every(({ result }) => result.kind === "observed" && result.own.dialed.startsWith("127.0.0.1:"))).toBe(true);
    // the echo was asked by its name
    const [first] = run.answers;
    expect(first?.result.kind === "observed" && first.result.observation.headers).toContainEqual([
      "Host",
      `rebinding.example:${echo.address.port}`,
    ]);
  });

  test.each([301, 302, 303, 307, 308])("a redirect with %i leads nowhere", async (status) => {
    const server = createHttpServer((_request, response) => {
      const headers = {
        location: `http://127.0.0.2:${ports.v4}${PATH}`,
        refresh: `0; url=http://127.0.0.2:${ports.v4}/`,
        "alt-svc": `h2="127.0.0.2:${ports.v4}"`,
      };
      response.writeHead(status, headers).end();
    });
    const port = await listen(server, "127.0.0.1");
    try {
      const { answers } = await probe(`http://127.0.0.1:${port}`);
      expect(new Set(answers.map(({ result }) => (result.kind === "answered" ? result.status : result.kind)))).toEqual(new Set([status]));
      expect(connections).toBe(0);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  test("a probe that is stopped asks nothing more", async () => {
    const stop = new AbortController();
    const onQuestion = (): void => stop.abort();
    await expect(probe(`http://127.0.0.1:${echo.address.port}`, { signal: stop.signal, onQuestion })).rejects.toMatchObject({
      code: "PROBE_STOPPED",
    });
  });
});
