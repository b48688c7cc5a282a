import type { Socket } from "node:net";
import { Deadline } from "../deadline.ts";

/** What the first bytes of a connection come to, and how many of them nobody behind needs to see. `undefined`: more are needed. */
export type Decision<Answer> = { readonly answer: Answer; readonly usedBytes: number } | undefined;

type FirstBytes<Answer> = {
  /** Asked with all that has come, each time more has. */
  readonly decide: (bytes: Buffer) => Decision<Answer>;
  /** In all, however the bytes trickle in. */
  readonly timeoutMs: number;
};

/**
 * Reads a connection until its first bytes are decided about, and leaves it as if only those that follow had come. `late` when that takes too long, `closed` when the
 * far end has had enough; the connection is then the caller's to close.
 */
export function readFirstBytes<Answer>(socket: Socket, { decide, timeoutMs }: FirstBytes<Answer>): Promise<Answer | "late" | "closed"> {
  return new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0);
    const settle = (answer: Answer | "late" | "closed"): void => {
      deadline.stop();
      socket.off("readable", onReadable);
      socket.off("end", onEnd);
      socket.off("close", onEnd);
      resolve(answer);
    };
    const onReadable = (): void => {
      const chunk: Buffer | null = socket.read();
      if (chunk === null) return;
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      const decision = decide(bytes);
      if (decision === undefined) return;
      if (decision.usedBytes < bytes.length) socket.unshift(bytes.subarray(decision.usedBytes));
      settle(decision.answer);
    };
    const onEnd = (): void => settle("closed");
    const deadline = new Deadline(timeoutMs, () => settle("late"));
    socket.on("readable", onReadable);
    socket.once("end", onEnd);
    socket.once("close", onEnd);
  });
}
