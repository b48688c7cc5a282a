import { type Kysely, type Migration, Migrator } from "kysely";

/** `newer`: a newer version has taken a step that this one does not know. Then nothing is done. */
export type Migrated = { readonly kind: "done" } | { readonly kind: "newer" | "failed"; readonly error: unknown };

type Steps = {
  readonly migrations: Readonly<Record<string, Migration>>;
  /** Where it is noted which steps were taken, in a database that has schemas. */
  readonly schema?: string;
};

/** Takes the steps that a database has not taken yet, in the order of their names. Forward only: no step is ever taken back. */
export async function migrateTables<Tables>(db: Kysely<Tables>, { migrations, schema }: Steps): Promise<Migrated> {
  const provider = { getMigrations: () => Promise.resolve({ ...migrations }) };
  const migrator = new Migrator({ db, provider, ...(schema !== undefined && { migrationTableSchema: schema }) });
  const error = await migrator.migrateToLatest().then(
    (migrated) => migrated.error,
    (failure: unknown) => failure,
  );
  if (error === undefined) return { kind: "done" };
  // Kysely's words for a step that was taken and that nobody knows
  const isNewer = error instanceof Error && error.message.includes("previously executed migration");
  return { kind: isNewer ? "newer" : "failed", error };
}
