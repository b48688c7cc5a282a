import type { ClientRule, ServicePassage } from "../description.ts";
import type { Finding } from "../finding.ts";
import type { ReadContext } from "../reading.ts";
import type { Place } from "../source.ts";
import { note, textsOf, type Word } from "../statement.ts";
import { gunicornCommand } from "./gunicorn-command.ts";
import { optionIn, variableIn } from "./options.ts";
import { uvicornRule } from "./uvicorn-rule.ts";

/** The service that a command line starts, with uvicorn or gunicorn; `undefined` when it starts neither. */
export function serviceOfCommand(
  words: readonly Word[],
  context: ReadContext,
): { readonly passage: ServicePassage; readonly findings: readonly Finding[] } | undefined {
  const at = words.findIndex(({ text }) => /(?:^|\/)(?:uvicorn|gunicorn)$/.test(text));
  const program = words[at];
  // RUN pip install uvicorn
  if (isInstalled(words, at)) return undefined;
  if (program === undefined) {
    noteOther(words, context);
    return undefined;
  }
  const { place, text } = program;
  const name = appOf(words.slice(at + 1)) ?? (text.split("/").at(-1) || text);
  if (text.endsWith("gunicorn")) return gunicornCommand(words, { at, name, context });
  return { passage: { kind: "service", product: "uvicorn", place, name, client: uvicornClient(words, { at, place }) }, findings: [] };
}

function isInstalled(words: readonly Word[], at: number): boolean {
  return words.slice(0, Math.max(0, at)).some(({ text }) => text === "install" || text === "add");
}

/** Servers that have a setting of their own for whom they believe, by the names of their programs. */
const OTHER_SERVERS = /(?:^|\/)(?:daphne|hypercorn|waitress-serve|granian|uwsgi|fastapi)$/;

/** Words that may stand in front of a program: `exec`, `["sh", "-c", …]`, `CMD`, `web:`, `ExecStart=`. */
const MAX_BEFORE = 5;

/** Notes a line that starts another server, whose client is not read. */
function noteOther(words: readonly Word[], { notes }: ReadContext): void {
  const at = words.slice(0, MAX_BEFORE).findIndex(({ text }) => OTHER_SERVERS.test(text));
  const program = words[at];
  if (program === undefined || isInstalled(words, at)) return;
  const expected = "uvicorn or gunicorn: whom another server takes for its client is not read";
  note(notes, program.place, { code: "CONFIG_NOT_UNDERSTOOD", expected, given: textsOf(words.slice(at)).join(" ") });
}

function appOf(words: readonly Word[]): string | undefined {
  return words.find(({ text }) => /^[\w.]+:[\w.]+(?:\(\))?$/.test(text))?.text;
}

/** Source: uvicorn: `--proxy-headers` is on, and 127.0.0.1 trusted, unless something else is said. */
function uvicornClient(words: readonly Word[], { at, place }: { readonly at: number; readonly place: Place }): ClientRule {
  const options = words.slice(at + 1);
  if (options.some(({ text }) => text === "--no-proxy-headers")) return { kind: "peer" };
  const given = optionIn(options, ["--forwarded-allow-ips"]) ?? variableIn(words.slice(0, at), "FORWARDED_ALLOW_IPS");
  return uvicornRule(given?.value ?? "127.0.0.1", given?.word.place ?? place);
}
