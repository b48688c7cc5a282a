import type { ClientRule, ServicePassage } from "../description.ts";
import type { Finding } from "../finding.ts";
import type { ReadContext } from "../reading.ts";
import type { Place } from "../source.ts";
import type { Word } from "../statement.ts";
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
  if (program === undefined || words.slice(0, at).some(({ text }) => text === "install" || text === "add")) return undefined;
  const { place, text } = program;
  const name = appOf(words.slice(at + 1)) ?? (text.split("/").at(-1) || text);
  if (text.endsWith("gunicorn")) return gunicornCommand(words, { at, name, context });
  return { passage: { kind: "service", product: "uvicorn", place, name, client: uvicornClient(words, { at, place }) }, findings: [] };
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
