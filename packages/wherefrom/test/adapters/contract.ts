import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClientIpOptions, NodeRequest } from "../../src/adapters/node.ts";
import { createResolver, parsePolicy, type Resolution, type Resolver } from "../../src/index.ts";
import { answerOf, type ExpectedResolution, listCases, type ResolveRow, readResolveCases } from "../corpus.ts";
import { openWire, receiveFrame, request, upgrade, type Wire } from "./wire.ts";

/** A real server of a framework that answers every request with its adapter's resolution as JSON. */
export type Opened = { readonly port: number; close(): unknown };

/** What the server is built with. `peerOf` gives the peer for the number in the field `X-Row`; without it the adapter asks the socket. */
export type Setting = { readonly resolver: Resolver; readonly peerOf?: (row: string | undefined) => string | undefined };

/** A way to ask the server: a request, an upgrade. `fields` are header lines as they are sent. */
export type Way = (port: number, fields: readonly string[]) => Promise<Resolution>;

/** What stands in an answer instead of what the row says. */
export type Difference = { readonly [Field in keyof ExpectedResolution]?: ExpectedResolution[Field] | undefined };

export type Subject = {
  readonly open: (setting: Setting) => Promise<Opened>;
  readonly ways: Readonly<Record<string, Way>>;
  /** Rows that this surface cannot carry. */
  readonly leaveOut?: (row: ResolveRow) => boolean;
  /** What differs in the answers of this surface, by `file: name`: a limit of it that users can read about. */
  readonly differing?: Readonly<Record<string, Difference>>;
};

type NumberedRow = ResolveRow & { readonly title: string; readonly resolver: Resolver };

/** Rows whose bytes can travel over HTTP/1.1. */
const rows: readonly NumberedRow[] = listCases("resolve").flatMap((file) =>
  readResolveCases(file)
    .filter((row) => row.surfaces === undefined)
    .map((row) => ({ ...row, title: `${file}: ${row.name}`, resolver: createResolver(parsePolicy(row.policy)) })),
);

const rowOf = (number: string | undefined): NumberedRow => rows[Number(number)] as NumberedRow;

/** Resolves every request by the policy of the row that the request names. */
const rowResolver: Resolver = {
  resolve: (evidence) => rowOf(evidence.lines("x-row")[0]).resolver.resolve(evidence),
  explain: (evidence) => rowOf(evidence.lines("x-row")[0]).resolver.explain(evidence),
};

/** What every adapter promises, asked of a real server over real sockets. */
export function adapterContract(name: string, { open, ways, leaveOut = () => false, differing = {} }: Subject): void {
  const carried = rows.map((row, number) => ({ ...row, number })).filter((row) => !leaveOut(row));

  describe(`${name} keeps the contract of adapters`, () => {
    let opened: Opened;

    beforeAll(async () => {
      opened = await open({ resolver: rowResolver, peerOf: (number) => rowOf(number).peer ?? undefined });
    });

    afterAll(async () => {
      forgetWires();
      await opened.close();
    });

    describe.each(Object.entries(ways))("by %s", (_way, ask) => {
      test.each(carried.map((row) => [row.title, row] as const))("%s", async (title, { number, headers, expect: expected }) => {
        const resolution = await ask(opened.port, [`X-Row: ${number}`, ...headers.map(([field, value]) => `${field}: ${value}`)]);
        expect(answerOf(resolution)).toEqual({ ...expected, ...differing[title] });
      });

      test("takes the socket's peer when it is not told another, and asks its resolver once", async () => {
        const resolver = createResolver(parsePolicy({ peerAddressAlgorithm: {} }));
        let asked = 0;
        const resolve: Resolver["resolve"] = (evidence) => {
          asked += 1;
          return resolver.resolve(evidence);
        };
        const server = await open({ resolver: { ...resolver, resolve } });
        expect(await ask(server.port, [])).toMatchObject({ ip: "127.0.0.1", trust: "verified" });
        expect(asked).toBe(1);
        forgetWires();
        await server.close();
      });
    });
  });

  test(`the corpus has rows for ${name}`, () => {
    expect(carried.length).toBeGreaterThan(600);
    expect(Object.keys(differing).filter((title) => !carried.some((row) => row.title === title))).toEqual([]);
  });
}

const wires = new Map<number, Wire>();

/** The one open connection to a port. */
export function wireTo(port: number): Wire {
  const known = wires.get(port);
  if (known?.isOpen()) return known;
  const wire = openWire(port);
  wires.set(port, wire);
  return wire;
}

function forgetWires(): void {
  for (const wire of wires.values()) wire.close();
  wires.clear();
}

/** A request on a connection that stays open. */
export const byRequest: Way = async (port, fields) => JSON.parse(await request(wireTo(port), "GET /", { fields })) as Resolution;

/** An upgrade whose server sends the resolution as its first frame. */
export const byUpgrade: Way = async (port, fields) => {
  const wire = openWire(port);
  await upgrade(wire, "/", fields);
  const frame = await receiveFrame(wire);
  wire.close();
  return JSON.parse(frame) as Resolution;
};

/** Large enough for every row: some are there to exceed other limits than Node's. */
export const maxHeaderSize = 1 << 20;

/** Lets a Node server listen on a port of its own. */
export async function listen(server: Server): Promise<Opened> {
  // Node drops fields past a count unless the count is unlimited.
  server.maxHeadersCount = 0;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return openedOf(server);
}

/** A Node server that listens already. */
export function openedOf(server: Server): Opened {
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

/** The options of an adapter that sees Node's request. */
export function nodeOptions({ peerOf }: Setting): ClientIpOptions {
  return peerOf === undefined ? {} : { peerOf: (request) => peerOf(rowNumberOf(request)) };
}

export function rowNumberOf({ rawHeaders }: NodeRequest): string | undefined {
  return rawHeaders[rawHeaders.findIndex((field) => field.toLowerCase() === "x-row") + 1];
}
