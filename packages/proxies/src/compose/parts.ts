import { isMap, isNode, isScalar, isSeq } from "yaml";
import { commandLines } from "../command/words.ts";
import type { Include, Place } from "../source.ts";
import { type Notes, note, type Word } from "../statement.ts";
import { noteRepeated, textOf, type YamlFile } from "./yaml-file.ts";

/** A variable of a service. One without a value is that of whoever starts it. */
export type Variable = { readonly value: string | undefined; readonly place: Place };

export type Port = { readonly published: string; readonly target: string; readonly isDirect: boolean; readonly place: Place };

/** What a service says that has to do with the client address. */
export type Parts = {
  readonly entrypoint: readonly Word[];
  readonly command: readonly Word[];
  readonly environment: ReadonlyMap<string, Variable>;
  readonly envFiles: readonly { readonly name: string; readonly place: Place }[];
  readonly ports: readonly Port[];
  readonly networkMode: string | undefined;
  /** Keys that put aside what they are laid over, and are not joined with it. */
  readonly replacing: ReadonlySet<string>;
};

export type PartsContext = { readonly file: YamlFile; readonly notes: Notes; readonly include: Include };

/** Reads a service. */
export function partsOf(service: unknown, { file, notes }: PartsContext): Parts {
  const value = (key: string): unknown => file.valueIn(service, key);
  noteRepeated(value("environment"), { file, notes });
  const networkMode = textOf(value("network_mode"));
  return {
    entrypoint: wordsIn(value("entrypoint"), file),
    command: wordsIn(value("command"), file),
    environment: environmentIn(value("environment"), file),
    envFiles: envFilesIn(value("env_file"), { file, notes }),
    ports: portsIn(value("ports"), file),
    networkMode: networkMode === "" ? undefined : networkMode,
    replacing: new Set(file.entriesOf(service).flatMap(({ key, value: node }) => (isReplacing(node) ? [key] : []))),
  };
}

/** Source: Docker, Compose file reference, "Merge": "Reset value" and "Replace value". */
function isReplacing(node: unknown): boolean {
  return isNode(node) && (node.tag === "!reset" || node.tag === "!override");
}

/**
 * Parts that are laid over others: single values replace, variables by their name, lists are joined.
 *
 * Source: Docker, Compose file reference, "Merge", which holds for `extends` and for files that are laid over each other.
 */
export function laidOver(base: Parts, own: Parts): Parts {
  const isJoined = (key: string): boolean => !own.replacing.has(key);
  const ports = [...(isJoined("ports") ? base.ports : []), ...own.ports];
  return {
    entrypoint: own.entrypoint.length === 0 && isJoined("entrypoint") ? base.entrypoint : own.entrypoint,
    command: own.command.length === 0 && isJoined("command") ? base.command : own.command,
    environment: new Map([...(isJoined("environment") ? base.environment : []), ...own.environment]),
    envFiles: [...(isJoined("env_file") ? base.envFiles : []), ...own.envFiles],
    ports: [...new Map(ports.map((port) => [`${port.published} ${port.target}`, port])).values()],
    networkMode: own.networkMode ?? (isJoined("network_mode") ? base.networkMode : undefined),
    replacing: own.replacing,
  };
}

function environmentIn(node: unknown, file: YamlFile): ReadonlyMap<string, Variable> {
  const variables = new Map<string, Variable>();
  for (const { key, keyNode, value } of file.entriesOf(node))
    variables.set(key, { value: isScalar(value) && value.value !== null ? textOf(value) : undefined, place: file.placeOf(keyNode) });
  for (const item of file.itemsOf(node)) {
    const [name = "", ...rest] = textOf(item).split("=");
    variables.set(name, { value: rest.length === 0 ? undefined : rest.join("="), place: file.placeOf(item) });
  }
  return variables;
}

/** A name, a list of them, or of maps with `path`. */
function envFilesIn(node: unknown, { file, notes }: { readonly file: YamlFile; readonly notes: Notes }): Parts["envFiles"] {
  const items = isSeq(node) ? file.itemsOf(node) : node === undefined ? [] : [node];
  return items.map((item) => {
    const name = textOf(isMap(item) ? file.valueIn(item, "path") : item);
    if (isMap(item) && file.valueIn(item, "format") !== undefined)
      note(notes, file.placeOf(item), { code: "CONFIG_NOT_UNDERSTOOD", expected: "an env_file without a format", given: name });
    return { name, place: file.placeOf(item) };
  });
}

/** The words of a command: of a text as a shell would take it, of a list one for each element. */
function wordsIn(command: unknown, file: YamlFile): readonly Word[] {
  const split = (text: string, node: unknown): readonly Word[] =>
    commandLines({ name: "", text })
      .flat()
      .map((word) => ({ ...word, place: file.placeOf(node) }));
  if (isScalar(command)) return split(textOf(command), command);
  // ["sh", "-c", "uvicorn app:app"]
  return file
    .itemsOf(command)
    .flatMap((item) =>
      /\s/.test(textOf(item)) ? split(textOf(item), item) : [{ text: textOf(item), place: file.placeOf(item), isQuoted: false }],
    );
}

function portsIn(node: unknown, file: YamlFile): readonly Port[] {
  return file.itemsOf(node).map((item): Port => {
    const place = file.placeOf(item);
    if (!isMap(item)) return { ...splitPort(textOf(item)), isDirect: false, place };
    const [address, published, target, protocol] = ["host_ip", "published", "target", "protocol"].map((key) =>
      textOf(file.valueIn(item, key)),
    );
    return {
      published: address === "" ? (published ?? "") : `${address}:${published}`,
      target: protocol === "" || protocol === "tcp" ? (target ?? "") : `${target}/${protocol}`,
      isDirect: textOf(file.valueIn(item, "mode")) === "host",
      place,
    };
  });
}

/** `[ADDRESS:]PORT:TARGET[/PROTOCOL]`; a target alone gets any port. A colon in `${NAME:-value}` divides nothing. */
function splitPort(text: string): Pick<Port, "published" | "target"> {
  const at = text.replaceAll(/\$\{[^}]*\}/g, (variable) => "$".repeat(variable.length)).lastIndexOf(":");
  return { published: text.slice(0, Math.max(0, at)), target: text.slice(at + 1).replace(/\/tcp$/, "") };
}
