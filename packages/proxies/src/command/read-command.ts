import { addPassage } from "../add-passage.ts";
import type { Passage } from "../description.ts";
import type { Finding } from "../finding.ts";
import type { Reader } from "../reading.ts";
import { countStatement } from "../statement.ts";
import { serviceOfCommand } from "./service-of-command.ts";
import { commandLines } from "./words.ts";

/** Reads the command lines of uvicorn and gunicorn, wherever they stand in a text. What their environment holds beside the line is not seen. */
export const readCommand: Reader = (source, context) => {
  const passages: Passage[] = [];
  const findings: Finding[] = [];
  for (const words of commandLines(source)) {
    const [first] = words;
    if (first === undefined) continue;
    if (!countStatement(context.notes, first.place)) break;
    const service = serviceOfCommand(words, context);
    if (service === undefined) continue;
    if (!addPassage({ passages, notes: context.notes }, service.passage)) break;
    findings.push(...service.findings);
  }
  return { passages, findings };
};
