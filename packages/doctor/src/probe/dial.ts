import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";

/** Where requests go: one address, looked up before, so that every request of a probe goes to the same place and no answer can lead it elsewhere. */
export type Destination = {
  readonly url: URL;
  readonly address: string;
  readonly family: 4 | 6;
  /** The client's own address to connect from. */
  readonly from?: string;
  /** Certificates of the authorities that are believed in place of Node's own, PEM. */
  readonly ca?: string;
  readonly timeoutMs: number;
};

/** Opens a connection to a destination. */
export function dial(destination: Destination): Socket {
  return destination.url.protocol === "https:" ? dialTls(destination, { isVerified: true }) : connectTcp(whereOf(destination));
}

/** Opens a TLS connection. One that is not verified is for reading who it says that it is, and for sending nothing. */
export function dialTls(destination: Destination, { isVerified }: { readonly isVerified: boolean }): TLSSocket {
  const host = destination.url.hostname.replace(/^\[|\]$/g, "");
  return connectTls({
    ...whereOf(destination),
    ALPNProtocols: ["http/1.1"],
    rejectUnauthorized: isVerified,
    ...(isIP(host) === 0 && { servername: host }),
    ...(destination.ca !== undefined && { ca: destination.ca }),
  });
}

function whereOf({ url, address, from }: Destination): { host: string; port: number; localAddress?: string } {
  const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  return { host: address, port, ...(from !== undefined && { localAddress: from }) };
}
