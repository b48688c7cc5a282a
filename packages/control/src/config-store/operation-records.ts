import type { Operation } from "@wherefrom/model";
import type { Kysely } from "kysely";
import type { Page, StoredOperation } from "./port.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;

export async function readOperation(
  db: Db,
  { organization, name }: { organization: string; name: string },
): Promise<Operation | undefined> {
  const query = db.selectFrom("operations").select("operation").where("organization", "=", organization).where("name", "=", name);
  const row = await query.executeTakeFirst();
  return row && (JSON.parse(row.operation) as Operation);
}

export async function readOperations(
  db: Db,
  { organization, page }: { organization: string; page: Page },
): Promise<readonly StoredOperation[]> {
  const newest = db.selectFrom("operations").selectAll().where("organization", "=", organization).orderBy("position", "desc");
  const { limit, before } = page;
  const rows = await (before === undefined ? newest : newest.where("position", "<", before)).limit(limit).execute();
  return rows.map((row) => ({ position: row.position, operation: JSON.parse(row.operation) as Operation }));
}

type Saved = { readonly organization: string; readonly operation: Operation; readonly maxOperations: number };

/** Adds an operation, and forgets those that are more than the newest `maxOperations`. */
export async function saveOperation(db: Db, { organization, operation, maxOperations }: Saved): Promise<void> {
  const row = { organization, name: operation.name, operation: JSON.stringify(operation) };
  await db.insertInto("operations").values(row).execute();
  const ours = db.selectFrom("operations").select("position").where("organization", "=", organization);
  const oldest = await ours.orderBy("position", "desc").offset(maxOperations).limit(1).executeTakeFirst();
  if (oldest === undefined) return;
  await db.deleteFrom("operations").where("organization", "=", organization).where("position", "<=", oldest.position).execute();
}
