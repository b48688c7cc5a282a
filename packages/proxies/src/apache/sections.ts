import { countExpanded, type Notes, note, type Statement, textsOf } from "../statement.ts";
import { type Level, levelOf } from "./level.ts";
import { headersTold } from "./places.ts";

/** A server: what holds for all of it, and what a virtual host says of its own. Hosts share the level of the main server: nothing of it is copied. */
export type Server = {
  /** `<VirtualHost>`; absent for the main server. */
  readonly host?: Statement;
  readonly main: Level;
  readonly own: Level | undefined;
};

/** Takes what is in force apart into the servers. */
export function serversIn(statements: readonly Statement[], notes: Notes): readonly Server[] {
  const isHost = ({ name }: Statement): boolean => name === "<virtualhost";
  const options = { told: headersTold(statements), notes };
  const main = levelOf(
    statements.filter((statement) => !isHost(statement)),
    options,
  );
  return [{ main, own: undefined }, ...statements.filter(isHost).map((host) => ({ host, main, own: levelOf(host.block ?? [], options) }))];
}

type Known = { readonly modules: ReadonlySet<string> | undefined; readonly defined: Map<string, string>; readonly notes: Notes };

/**
 * What is in force: sections that ask for a module or a name are opened or left out, and `${NAME}` is replaced where `Define` says by what.
 *
 * Where no `LoadModule` stands anywhere, as in the file of one site, each module counts as loaded. What only the command line or the version decides is left out, and noted where it concerns the address.
 */
export function inForce(statements: readonly Statement[], notes: Notes): readonly Statement[] {
  const loaded = namesLoaded(statements);
  return open(statements, { modules: loaded.size === 0 ? undefined : loaded, defined: new Map(), notes });
}

function namesLoaded(statements: readonly Statement[]): ReadonlySet<string> {
  const names = statements.flatMap(({ name, words, block }): readonly string[] => {
    if (block !== undefined) return [...namesLoaded(block)];
    // remoteip_module of modules/mod_remoteip.so is also called mod_remoteip.c
    const [symbol, file] = textsOf(words);
    return name === "loadmodule" ? [symbol ?? "", `${/([^/]+)\.so$/.exec(file ?? "")?.[1] ?? ""}.c`] : [];
  });
  return new Set(names);
}

function open(statements: readonly Statement[], known: Known): readonly Statement[] {
  return statements.flatMap((given): readonly Statement[] => {
    const statement = withDefined(given, known);
    const { name, words, place, block } = statement;
    const [first, second] = textsOf(words);
    if (name === "define") known.defined.set(first ?? "", second ?? "");
    if (name === "undefine") known.defined.delete(first ?? "");
    if (block === undefined) return [statement];
    const inner = (): readonly Statement[] => open(block, known);
    if (!["<ifmodule", "<ifdefine", "<ifversion", "<iffile", "<ifdirective", "<ifsection", "<macro"].includes(name))
      return [{ ...statement, block: inner() }];
    const holds = doesHold(statement, known);
    if (holds === undefined && concernsAddress(block))
      note(known.notes, place, {
        code: "CONFIG_NOT_UNDERSTOOD",
        expected: "lines that always hold",
        given: [name, ...textsOf(words)].join(" "),
      });
    return holds === true ? inner() : [];
  });
}

/** Whether a section is opened; `undefined` where nobody can say. */
function doesHold({ name, words }: Statement, { modules, defined }: Known): boolean | undefined {
  const text = words[0]?.text ?? "";
  const isNot = text.startsWith("!");
  const asked = isNot ? text.slice(1) : text;
  if (name === "<ifmodule") return (modules?.has(asked) ?? true) !== isNot;
  return name === "<ifdefine" && defined.has(asked) ? !isNot : undefined;
}

function concernsAddress(block: readonly Statement[]): boolean {
  return block.some(
    ({ name, block: inner }) =>
      /^(?:remoteip|requestheader|proxypass|proxyaddheaders|rewriterule|sethandler|rpaf|use$)/.test(name) ||
      (inner !== undefined && concernsAddress(inner)),
  );
}

/** Longest word that defined names may make, in UTF-16 units: names that are made of names double. */
const MAX_WORD_LENGTH = 4_096;

function withDefined(statement: Statement, { defined, notes }: Known): Statement {
  if (defined.size === 0) return statement;
  const words = statement.words.map((word) => {
    if (!word.text.includes("${")) return word;
    const text = replaced(word.text, defined);
    return text === word.text || !countExpanded(notes, word.place, text.length) ? word : { ...word, text };
  });
  return { ...statement, words };
}

/** What grows too long stays as it is written, and counts as unknown. */
function replaced(text: string, defined: ReadonlyMap<string, string>): string {
  let length = text.length;
  return text.replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => {
    const value = defined.get(name);
    length += value?.length ?? 0;
    return value === undefined || length > MAX_WORD_LENGTH ? whole : value;
  });
}
