import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { capability } from "../../../tools/capabilities.mjs";
import { runCommand } from "./command.ts";
import { folderOf } from "./folder.ts";

const run = promisify(execFile);

async function scriptOf(shell: string): Promise<string> {
  const { code, stdout } = await runCommand(["completion", shell]);
  expect(code).toBe(0);
  const file = join(folderOf({}), `completion.${shell}`);
  writeFileSync(file, stdout);
  return file;
}

/** What is offered for the last of the words, one a line. */
const cases = [
  { words: ["en"], has: ["env"], lacks: ["list", "up"] },
  { words: ["env", ""], has: ["list", "preview", "rollback"], lacks: ["up", "diff"] },
  { words: ["env", "incidents", ""], has: ["list", "show", "ban"], lacks: ["preview"] },
  { words: ["env", "preview", "--p"], has: ["--policy", "--profile"], lacks: ["--preview"] },
  { words: ["env", "apply", "--p"], has: ["--policy", "--preview"], lacks: ["--prune"] },
  { words: ["session", ""], has: ["list", "revoke"], lacks: ["start"] },
  { words: ["debug", "show", "--f"], has: ["--follow"], lacks: ["--filter"] },
  { words: ["apply", "--p"], has: ["--prune"], lacks: ["--policy"] },
  { words: ["completion", ""], has: ["bash", "zsh", "fish"], lacks: ["list"] },
  { words: ["control", "--auth", ""], has: ["tokens", "off"], lacks: ["reset-token", "--host"] },
];

test("bash completes commands, options, and files where a value belongs", async () => {
  const file = await scriptOf("bash");
  const offered = async (words: readonly string[]): Promise<readonly string[]> => {
    const ask = `source ${file}; COMP_WORDS=(wherefrom "$@"); COMP_CWORD=$#; _wherefrom; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return (await run("bash", ["--norc", "-c", ask, "bash", ...words])).stdout.split("\n");
  };
  for (const { words, has, lacks } of cases) {
    const answer = await offered(words);
    expect(answer).toEqual(expect.arrayContaining(has));
    for (const word of lacks) expect(answer).not.toContain(word);
  }
  expect(await offered(["env", "set", "--policy", file.slice(0, -2)])).toContain(file);
});

test.runIf(capability("shells"))("fish completes commands and options", async () => {
  const file = await scriptOf("fish");
  for (const { words, has, lacks } of cases) {
    const line = `complete -C 'wherefrom ${words.join(" ")}'`;
    const { stdout } = await run("fish", ["--no-config", "-c", `source ${file}; ${line}`]);
    const answer = stdout.split("\n").map((each) => each.split("\t")[0]);
    expect(answer).toEqual(expect.arrayContaining(has));
    for (const word of lacks) expect(answer).not.toContain(word);
  }
});

test.runIf(capability("shells"))("zsh takes bash's completion for its own", async () => {
  const file = await scriptOf("zsh");
  const ask = 'emulate ksh -c "COMP_WORDS=(wherefrom env \\"\\"); COMP_CWORD=2; _wherefrom; print -l \\${COMPREPLY[@]}"';
  const script = `autoload -Uz compinit && compinit -D -u; source ${file}; print \${_comps[wherefrom]}; ${ask}`;
  const { stdout, stderr } = await run("zsh", ["-f", "-c", script]);
  expect(stderr).toBe("");
  expect(stdout.split("\n")).toEqual(expect.arrayContaining(["_bash_complete -o filenames -F _wherefrom", "preview", "rollback"]));
});
