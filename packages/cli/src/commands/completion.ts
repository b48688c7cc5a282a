import { Argument, type Command } from "commander";
import { completionScript, SHELLS, type Shell } from "../completion.ts";
import { openOutput } from "../output.ts";

const EXAMPLES = `
Examples:
  $ source <(wherefrom completion bash)                                  # in ~/.bashrc
  $ source <(wherefrom completion zsh)                                   # in ~/.zshrc, behind compinit
  $ wherefrom completion fish > ~/.config/fish/completions/wherefrom.fish`;

/** Adds `wherefrom completion`: what makes a shell complete commands and options. */
export function addCompletionCommand(program: Command): void {
  program
    .command("completion")
    .description("Write a script that makes a shell complete commands and options")
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
    .addHelpText("after", EXAMPLES)
    .action(async (shell: Shell) => {
      const output = openOutput(process.stdout);
      await output.write(completionScript(program, shell));
      await output.finish();
    });
}
