import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { environmentGenerator } from "../../../../tools/capabilities.mjs";

/** What a real loader assigns; a failure to load is the key "". */
export type Loaded = Readonly<Record<string, string>>;

/** A corpus as files, each in a folder of its own; there once more where systemd looks. */
export type Laid = { readonly paths: readonly string[]; remove(): void };

export function lay(texts: readonly string[]): Laid {
  const root = mkdtempSync(join(tmpdir(), "wherefrom-env-"));
  const paths = texts.map((text, index) => {
    const folder = join(root, String(index));
    mkdirSync(join(folder, "environment.d"), { recursive: true });
    for (const name of [".env", "environment.d/a.conf"]) writeFileSync(join(folder, name), text);
    return join(folder, ".env");
  });
  return { paths, remove: () => rmSync(root, { recursive: true }) };
}

/** The environment of a loader: nothing but what makes it run. */
const BARE = { PATH: "/usr/bin:/bin", PYTHONUTF8: "1", LC_ALL: "C.UTF-8" };

async function pipe(command: readonly [string, ...string[]], input: string): Promise<string> {
  const [program, ...args] = command;
  const child = spawn(program, args, { env: BARE, stdio: ["pipe", "pipe", "inherit"] });
  const parts: Buffer[] = [];
  child.stdout.on("data", (part: Buffer) => parts.push(part));
  child.stdin.on("error", () => undefined).end(input);
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
  return Buffer.concat(parts).toString("utf8");
}

async function byLine(
  command: readonly [string, ...string[]],
  paths: readonly string[],
): Promise<readonly Readonly<Record<string, Loaded>>[]> {
  const output = await pipe(command, paths.map((path) => `${JSON.stringify(path)}\n`).join(""));
  return output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, Loaded>);
}

/** python-dotenv and pydantic, from Debian. */
export const loadWithPython = (paths: readonly string[]): ReturnType<typeof byLine> =>
  byLine(["/usr/bin/python3", fileURLToPath(new URL("./loaders.py", import.meta.url))], paths);

/** Node itself, dotenv, dotenvx, Vite and Next.js. */
export const loadWithNode = (paths: readonly string[]): ReturnType<typeof byLine> =>
  byLine([process.execPath, fileURLToPath(new URL("./loaders.mjs", import.meta.url))], paths);

/** The system's shell. It prints what is set when it ends, also when a syntax error ends it. No program is found on its PATH. */
export async function loadWithShell(paths: readonly string[]): Promise<readonly Loaded[]> {
  const script = `while IFS= read -r file; do
    (trap 'IFS=; /usr/bin/env -0; printf "\\001"' EXIT; PATH=/nowhere; cd "\${file%/*}"; set -a; . "$file" >/dev/null) 2>/dev/null
  done; exit 0`;
  const output = await pipe(["dash", "-c", script], paths.map((path) => `${path}\n`).join(""));
  return output.split("\x01").slice(0, -1).map(environmentOf);
}

function environmentOf(text: string): Loaded {
  const fields = text.split("\0").filter((field) => field !== "");
  const pairs = fields.map((field) => [field.slice(0, field.indexOf("=")), field.slice(field.indexOf("=") + 1)] as const);
  return Object.fromEntries(pairs.filter(([key]) => !["PATH", "PWD", "OLDPWD", "IFS", "PYTHONUTF8", "LC_ALL", "file", "_"].includes(key)));
}

/**
 * systemd's reader of environment files, through the program that reads `environment.d`. It fills variables in, which `EnvironmentFile=` does not. It reads one folder, so
 * there is a process for each file, and nothing else is started beside it.
 */
export async function loadWithSystemd(paths: readonly string[]): Promise<readonly Loaded[]> {
  const script = `while IFS= read -r file; do
    d="\${file%/*}"
    XDG_CONFIG_HOME="$d" HOME="$d" ${environmentGenerator} 2>/dev/null; printf "\\001"
  done; exit 0`;
  const output = await pipe(["dash", "-c", script], paths.map((path) => `${path}\n`).join(""));
  const elsewhere = new Set(["QT_ACCESSIBILITY", "PATH"]);
  return output
    .split("\x01")
    .slice(0, -1)
    .map((text) => {
      const pairs = text.split("\n").map((line) => [line.slice(0, line.indexOf("=")), unquote(line.slice(line.indexOf("=") + 1))] as const);
      return Object.fromEntries(pairs.filter(([key]) => key !== "" && !elsewhere.has(key) && !(key in BARE)));
    });
}

const ESCAPES: Readonly<Record<string, string>> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** What the generator writes in quotes has C's escapes in it. */
function unquote(text: string): string {
  if (!text.startsWith('"')) return text;
  return text
    .slice(1, -1)
    .replace(/\\(?:([0-7]{3})|(.))/gs, (_, octal: string | undefined, character: string) =>
      octal === undefined ? (ESCAPES[character] ?? character) : String.fromCharCode(Number.parseInt(octal, 8)),
    );
}
