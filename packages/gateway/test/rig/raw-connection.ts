import { connect, type Socket } from "node:net";

/** What came back over one connection. */
export type Heard = {
  /** The statuses of all answers, in order. */
  readonly answers: readonly number[];
  /** The fault code in the last answer's body. */
  readonly code: string | undefined;
  /** Whether the far end closed, or else answered one more request. */
  readonly closes: boolean;
  /** Our end's port: what the far end knows the connection by. */
  readonly port: number;
};

/** How bytes are sent: in one piece, also behind a request that was answered, each in one of its own, or in two with the cut behind so many. */
export type Manner = "whole" | "behind a request" | "byte by byte" | number;

const PROBE = Buffer.from("GET /probe HTTP/1.1\r\nHost: a\r\n\r\n");

/**
 * Says the bytes and waits for so many answers. Where they were good, it then asks for `/probe` on the same connection: that is answered exactly
 * when both ends agree where the bytes ended. Else it waits for the far end to close.
 */
export async function sayRaw(port: number, { bytes, answers, manner }: { bytes: string; answers: number; manner: Manner }): Promise<Heard> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  const before = manner === "behind a request" ? 1 : 0;
  const far = listenTo(socket, { toHead: bytes.startsWith("HEAD ") ? before : undefined });
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  if (before > 0) socket.write(PROBE);
  await far.until(before);
  const { localPort = 0 } = socket;
  await say(socket, { bytes: Buffer.from(bytes, "latin1"), manner, hasEnded: far.hasEnded });
  await far.until(before + answers);
  const isGood = (far.answers().at(-1)?.status ?? 0) < 300;
  if (isGood && !far.hasEnded()) socket.write(PROBE);
  await far.until(isGood ? before + answers + 1 : Number.POSITIVE_INFINITY);
  socket.destroy();
  const heard = far.answers().slice(before, before + answers);
  const statuses = heard.map(({ status }) => status);
  return { answers: statuses, code: codeIn(heard.at(-1)?.body ?? ""), closes: far.hasEnded(), port: localPort };
}

/** Stops when the far end has had enough. */
async function say(socket: Socket, { bytes, manner, hasEnded }: { bytes: Buffer; manner: Manner; hasEnded: () => boolean }): Promise<void> {
  const size = manner === "byte by byte" ? 1 : bytes.length;
  let from = 0;
  for (let to = typeof manner === "number" ? manner : size; from < bytes.length && !hasEnded(); to += size) {
    socket.write(bytes.subarray(from, to));
    from = to;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

type FarEnd = {
  answers(): readonly Answer[];
  /** Ended or gone. */
  hasEnded(): boolean;
  /** Waits until there are so many answers, or there will be no more. */
  until(count: number): Promise<void>;
};

/** `toHead`: which answer is to a HEAD. */
function listenTo(socket: Socket, { toHead }: { toHead: number | undefined }): FarEnd {
  let text = "";
  let hasEnded = false;
  let check: (() => void) | undefined;
  const end = (): void => {
    hasEnded = true;
    check?.();
  };
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
    check?.();
  });
  // Writing to an end that has closed is part of the trade.
  socket.on("error", end);
  socket.on("end", end);
  socket.on("close", end);
  return {
    answers: () => readAnswers(text, toHead),
    hasEnded: () => hasEnded,
    until: (count) =>
      new Promise((resolve) => {
        check = () => {
          if (hasEnded || readAnswers(text, toHead).length >= count) resolve();
        };
        check();
      }),
  };
}

type Answer = { readonly status: number; readonly body: string };

/** The complete answers in a text. Each says its length: the target of the tests sends no other, and the gateway neither. One that is to a HEAD has no body. */
function readAnswers(text: string, toHead: number | undefined): readonly Answer[] {
  const answers: Answer[] = [];
  let rest = text;
  for (;;) {
    const end = rest.indexOf("\r\n\r\n") + 4;
    const head = rest.slice(0, end);
    const length = answers.length === toHead ? 0 : Number(/^Content-Length: (\d+)\r$/im.exec(head)?.[1] ?? Number.NaN);
    if (end < 4 || !(rest.length - end >= length)) return answers;
    answers.push({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0), body: rest.slice(end, end + length) });
    rest = rest.slice(end + length);
  }
}

function codeIn(body: string): string | undefined {
  return /"code":"(?<code>\w+)"/.exec(body)?.groups?.["code"];
}
