import { execFile } from "node:child_process";

const MAX_LOOK_MS = 1_000;

/** The two ends of a connection of this host. */
export type ConnectionEnds = { readonly localPort: number; readonly peerPort: number };

/** Gives the kernel's estimate of a connection's round trip in milliseconds; `undefined` where nobody can say. */
export type TcpRoundTrip = (ends: ConnectionEnds) => Promise<number | undefined>;

/**
 * Asks `ss`, which needs no privilege. The shortest round trip that the kernel saw, because its estimate has the other end's delayed acknowledgements in it. Not there
 * (another system, a bare container): nobody knows.
 */
export const askSs: TcpRoundTrip = ({ localPort, peerPort }) =>
  new Promise((resolve) => {
    const filter = `( sport = :${localPort} and dport = :${peerPort} )`;
    execFile(
      "ss",
      ["-tinH", "state", "established", filter],
      { timeout: MAX_LOOK_MS, env: { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`, LC_ALL: "C" } },
      (error, stdout) => {
        const rtt = /\bminrtt:([0-9.]+)/.exec(stdout)?.[1] ?? /\brtt:([0-9.]+)\//.exec(stdout)?.[1];
        resolve(error !== null || rtt === undefined ? undefined : Number(rtt));
      },
    );
  });
