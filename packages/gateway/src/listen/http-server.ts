import type { Socket } from "node:net";
import type { Connection } from "./connection.ts";

/** What speaks one version of HTTP on the connections that listeners accept. It listens nowhere itself. */
export type HttpServer = {
  /** Takes a connection over. */
  serve(socket: Socket, connection: Connection): void;
  /** Exchanges that are open now. */
  exchanges(): number;
  /** Closes connections on which nothing is asked. */
  closeIdle(): void;
  /**
   * Lets no connection outlive what is asked on it, and says so. Over HTTP/1, which cannot say what it has not seen, a connection on which nothing is
   * asked stays until the grace ends, and what comes on it is answered.
   */
  drain(): void;
  /** Ends the connections over HTTP/1 on which nothing is asked. Whoever hands connections over hands over no further ones. */
  endGrace(): void;
  /** Cuts every connection. */
  cut(): void;
};
