import type { Place } from "../source.ts";
import type { Statement, Word } from "../statement.ts";

/** A site: its addresses, and what holds for requests to them. */
export type Site = { readonly addresses: readonly Word[]; readonly place: Place; readonly block: readonly Statement[] };

/** Takes a Caddyfile apart: the global options, the routes with a name, and the sites. A file with one site may do without braces. */
export function sitesIn(statements: readonly Statement[]): {
  readonly options: readonly Statement[];
  readonly routes: ReadonlyMap<string, readonly Statement[]>;
  readonly sites: readonly Site[];
} {
  const options: Statement[] = [];
  const routes = new Map<string, readonly Statement[]>();
  const sites: Site[] = [];
  for (const [index, statement] of statements.entries()) {
    const { name, block, place } = statement;
    const route = /^&\(([^()]+)\)$/.exec(name)?.[1];
    if (name === "") options.push(...(block ?? []));
    else if (route !== undefined) routes.set(route, block ?? []);
    else if (block !== undefined) sites.push({ addresses: addressesOf(statement), place, block });
    else {
      sites.push({ addresses: addressesOf(statement), place, block: statements.slice(index + 1) });
      break;
    }
  }
  return { options, routes, sites };
}

function addressesOf({ name, words, place }: Statement): readonly Word[] {
  return [{ text: name, place, isQuoted: false }, ...words].flatMap((word) =>
    word.text
      .split(",")
      .filter((text) => text !== "")
      .map((text) => ({ ...word, text })),
  );
}
