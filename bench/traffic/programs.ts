import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Side, searchPath, taskset } from "./machine.ts";

/** A process that takes part in a benchmark. */
export type Program = {
  readonly pid: number;
  /** The next line of JSON that it says; other lines are for people. Errors: an `Error` when it ends before. */
  hears(): Promise<unknown>;
  /** Tells it one line and waits for the one that answers it. */
  ask(question: object): Promise<unknown>;
  end(): Promise<void>;
};

/** How long a program may take to end before it is killed. */
const END_TIMEOUT_MS = 3_000;

/** The processes and files of one benchmark. It owns them: `end` leaves none of them behind. */
export class Programs {
  readonly #running = new Map<Program, ChildProcessWithoutNullStreams>();
  readonly #folders: string[] = [];
  #complaints = "";

  /** Starts a program on one side of the machine. */
  start(command: readonly string[], side: Side): Program {
    const [name = "", ...words] = [...taskset(side), ...command];
    const child = spawn(name, words, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, PATH: searchPath() } });
    const program = programOf(child, command);
    this.#running.set(program, child);
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#complaints += text;
    });
    child.once("error", (error) => {
      this.#complaints += error.message;
    });
    child.once("close", () => this.#running.delete(program));
    return program;
  }

  /** What all of them wrote on standard error. */
  complaints(): string {
    return this.#complaints;
  }

  /** A folder for the files of a server, removed at the end. */
  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), "wherefrom-bench-"));
    this.#folders.push(folder);
    return folder;
  }

  async end(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((program) => program.end()));
    this.#removeFolders();
  }

  /** Ends everything at once, for a process that is itself about to end. */
  kill(): void {
    for (const child of this.#running.values()) child.kill("SIGKILL");
    this.#removeFolders();
  }

  #removeFolders(): void {
    for (const folder of this.#folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  }
}

function programOf(child: ChildProcessWithoutNullStreams, command: readonly string[]): Program {
  const { stdin, stdout, pid = 0 } = child;
  const closed = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
  // It may have ended: then `hears` says so.
  stdin.on("error", () => undefined);
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const hears = async (): Promise<unknown> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`«${command.join(" ")}» ended`);
      if (value.startsWith("{")) return JSON.parse(value);
    }
  };
  return {
    pid,
    hears,
    ask(question) {
      stdin.write(`${JSON.stringify(question)}\n`);
      return hears();
    },
    async end() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), END_TIMEOUT_MS);
      await closed;
      clearTimeout(timer);
    },
  };
}
