// Runs before anything is known about the machine: only syntax and modules that Node 12 has.

/** A step that could not be done, and the way out. Its message is one line for the person at the terminal, never a stack trace. */
export class SetupFault extends Error {
  /**
   * @param {string} message
   * @param {string} output what the failed command printed, shown above the message
   */
  constructor(message, output = "") {
    super(message);
    this.name = "SetupFault";
    this.output = output;
  }
}

/**
 * Writes one line to stderr: stdout belongs to what the command was asked for.
 *
 * @param {string} line
 */
export function report(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * Ends a command of this folder: a fault is printed as its one line, anything else keeps its stack trace. Sets exit code 1.
 *
 * @param {unknown} error
 */
export function reportFault(error) {
  process.exitCode = 1;
  if (!(error instanceof SetupFault)) {
    report(error instanceof Error && error.stack !== undefined ? error.stack : String(error));
    return;
  }
  if (error.output !== "") report(error.output.trimEnd());
  report(error.message);
}
