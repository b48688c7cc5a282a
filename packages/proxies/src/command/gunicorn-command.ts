import { type Setting, settingsOfPython } from "../gunicorn/python-settings.ts";
import { type GunicornSettings, gunicornService } from "../gunicorn/service.ts";
import type { ReadContext } from "../reading.ts";
import type { SourceText } from "../source.ts";
import { note, type Word } from "../statement.ts";
import { optionIn, variableIn } from "./options.ts";
import { commandLines } from "./words.ts";

type Service = ReturnType<typeof gunicornService>;

/** Where gunicorn looks for settings when nobody says where. */
const DEFAULT_FILE = "gunicorn.conf.py";

/**
 * Reads a command line of gunicorn, with the file that it names.
 *
 * Source: gunicorn, `Application.load_config`: the file, then GUNICORN_CMD_ARGS, then the line; FORWARDED_ALLOW_IPS is only a default. Without `-c` it takes gunicorn.conf.py from the folder that it is started in; where such a file
 * stands beside the text, nobody can say whether it is that one.
 */
export function gunicornCommand(
  words: readonly Word[],
  { at, name, context }: { readonly at: number; readonly name: string; readonly context: ReadContext },
): Service {
  const place = words[at]?.place ?? { file: "", line: 1, column: 1 };
  const [before, line] = [words.slice(0, at), words.slice(at + 1)];
  const extra = variableIn(before, "GUNICORN_CMD_ARGS");
  const extraWords =
    extra === undefined
      ? []
      : (commandLines({ name: "", text: extra.value })[0] ?? []).map((word) => ({ ...word, place: extra.word.place }));
  const file = optionIn(line, ["-c", "--config"]) ?? optionIn(extraWords, ["-c", "--config"]);
  const settings = new Map([
    ...environmentSettings(before),
    ...fileSettings(file, { context, place }),
    ...lineSettings(extraWords),
    ...lineSettings(line),
  ]);
  return gunicornService(settings, { name, place });
}

function environmentSettings(words: readonly Word[]): GunicornSettings {
  const variable = variableIn(words, "FORWARDED_ALLOW_IPS");
  return new Map(variable === undefined ? [] : [["forwarded_allow_ips", settingOf(variable.value, variable.word)]]);
}

const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  worker_class: ["-k", "--worker-class"],
  forwarded_allow_ips: ["--forwarded-allow-ips"],
  proxy_allow_ips: ["--proxy-allow-from"],
};

function lineSettings(words: readonly Word[]): GunicornSettings {
  const settings = new Map<string, Setting>();
  for (const [name, options] of Object.entries(OPTIONS)) {
    const given = optionIn(words, options);
    if (given !== undefined) settings.set(name, settingOf(given.value, given.word));
  }
  const protocol = optionIn(words, ["--proxy-protocol"]);
  // it stands alone, or with a version behind it
  if (protocol !== undefined)
    settings.set(
      "proxy_protocol",
      settingOf(["off", "v1", "v2", "auto"].includes(protocol.value) ? protocol.value : "true", protocol.word),
    );
  return settings;
}

function settingOf(value: string, { place }: Word): Setting {
  return { value: value.includes("$") ? { kind: "computed", text: value } : { kind: "value", value }, place };
}

function fileSettings(
  file: { readonly word: Word; readonly value: string } | undefined,
  { context, place }: { readonly context: ReadContext; readonly place: Word["place"] },
): GunicornSettings {
  const name = file?.value.replace(/^file:/, "") ?? DEFAULT_FILE;
  if (name.startsWith("python:") || name.includes("$")) return unknownSettings(name, file?.word.place ?? place);
  const { files, skipped } = context.include(name);
  const [source] = files;
  if (file === undefined) return source === undefined ? new Map() : unknownSettings(DEFAULT_FILE, place);
  if (source !== undefined) return settingsOnce(source, context) ?? unknownSettings(name, file.word.place);
  for (const { name: given } of skipped)
    note(context.notes, file.word.place, { code: "CONFIG_INCLUDE_UNREAD", expected: "a file that is there, below the root", given });
  return unknownSettings(name, file.word.place);
}

/** Settings of files that were read. Many lines may name one. */
const known = new WeakMap<SourceText, GunicornSettings | undefined>();

function settingsOnce(source: SourceText, { notes }: ReadContext): GunicornSettings | undefined {
  if (!known.has(source)) known.set(source, settingsOfPython(source, notes));
  return known.get(source);
}

/** Any of them may be set there. */
function unknownSettings(text: string, place: Word["place"]): GunicornSettings {
  const setting: Setting = { value: { kind: "computed", text }, place };
  return new Map(["worker_class", "forwarded_allow_ips", "proxy_protocol", "proxy_allow_ips"].map((name) => [name, setting]));
}
