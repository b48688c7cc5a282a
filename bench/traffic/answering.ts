import type { Server } from "node:net";
import { createInterface } from "node:readline";

/** What a program is asked, by the name of the question. Of an answer that is an object the benchmark hears. */
type Answers = Readonly<Record<string, (question: Record<string, number>) => unknown>>;

/** What the benchmark gave this program to know, as one JSON argument. */
export function told<Told>(): Told {
  return JSON.parse(process.argv[2] ?? "{}") as Told;
}

/** Says one line. */
export function say(answer: object): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

/** Answers each line of standard input, one after the other, and ends with it: a program whose benchmark is gone must not stay. */
export async function answer(answers: Answers): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const { ask, ...question } = JSON.parse(line) as Record<string, number> & { readonly ask: string };
    const answered = await answers[ask]?.(question);
    say(typeof answered === "object" && answered !== null ? answered : {});
  }
  process.exit(0);
}

/** Makes this process a proxy of a benchmark: says its port, then collects garbage when it is asked to. */
export async function serve(server: Server | { readonly port: number }): Promise<void> {
  say({ port: "port" in server ? server.port : await listen(server) });
  await answer({ collect: () => globalThis.gc?.() });
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("A TCP server has an address and a port");
  return address.port;
}
