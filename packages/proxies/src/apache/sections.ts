import { type Notes, note, type Statement, textsOf } from "../statement.ts";

/** A server: what holds for all of it, the main one's lines in front of those of a virtual host. */
export type Server = {
  /** `<VirtualHost>`; absent for the main server. */
  readonly host?: Statement;
  /** Lines of the main server. */
  readonly main: readonly Statement[];
  /** Lines of the virtual host. */
  readonly own: readonly Statement[];
};

/** Takes what is in force apart into the servers. */
export function serversIn(statements: readonly Statement[]): readonly Server[] {
  const isHost = ({ name }: Statement): boolean => name === "<virtualhost";
  const main = statements.filter((statement) => !isHost(statement));
  return [{ main, own: [] }, ...statements.filter(isHost).map((host) => ({ host, main, own: host.block ?? [] }))];
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
    const statement = withDefined(given, known.defined);
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
      /^(?:remoteip|requestheader|proxypass|proxyaddheaders)/.test(name) || (inner !== undefined && concernsAddress(inner)),
  );
}

/** Longest word that defined names may make, in UTF-16 units: names that are made of names double. */
const MAX_WORD_LENGTH = 4_096;

function withDefined(statement: Statement, defined: ReadonlyMap<string, string>): Statement {
  if (defined.size === 0) return statement;
  return { ...statement, words: statement.words.map((word) => ({ ...word, text: replaced(word.text, defined) })) };
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

/** The last line of a name among a server's, its own before the main one's. */
export function lastOf({ main, own }: Server, name: string): Statement | undefined {
  return own.findLast((line) => line.name === name) ?? main.findLast((line) => line.name === name);
}
