import { once } from "node:events";
import { WebSocket } from "ws";
import { PATIENCE_MS } from "../../tools/patience.ts";

/** An open WebSocket to a service that answers each message with one JSON message, and greets with one. */
export type Conversation<Message> = {
  /** The first message, sent by the service unasked. */
  readonly greeting: Message;
  say(message: string): Promise<Message>;
  isOpen(): boolean;
  close(): Promise<void>;
};

export type ConverseOptions = {
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** The loopback address to connect from. */
  readonly from?: string;
};

/** Opens a WebSocket and waits for the greeting. */
export async function converse<Message>(url: string, options: ConverseOptions = {}): Promise<Conversation<Message>> {
  const socket = new WebSocket(url, {
    headers: options.headers ?? {},
    handshakeTimeout: PATIENCE_MS,
    ...(options.from === undefined ? {} : { localAddress: options.from }),
  });
  // Who waits for a message gets the error; a connection that breaks while nobody waits is no fault of the test.
  socket.on("error", () => undefined);
  const next = async (): Promise<Message> => {
    const [data] = (await once(socket, "message", { signal: AbortSignal.timeout(PATIENCE_MS) })) as [Buffer];
    return JSON.parse(data.toString("utf8")) as Message;
  };
  const greeting = await next();
  const say = async (message: string): Promise<Message> => {
    const answer = next();
    socket.send(message);
    return answer;
  };
  const close = async (): Promise<void> => {
    if (socket.readyState === WebSocket.CLOSED) return;
    const closed = once(socket, "close", { signal: AbortSignal.timeout(PATIENCE_MS) });
    socket.close();
    await closed;
  };
  return { greeting, say, isOpen: () => socket.readyState === WebSocket.OPEN, close };
}

/** Opens a WebSocket, reads the greeting, closes. */
export async function greetingOf<Message>(url: string, options: ConverseOptions = {}): Promise<Message> {
  const conversation = await converse<Message>(url, options);
  await conversation.close();
  return conversation.greeting;
}
