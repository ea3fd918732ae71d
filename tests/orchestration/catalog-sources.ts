import type { Table } from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { createDatabaseSource, type ForeignDatabase } from "./foreign-database.ts";
import type { Orchestration, User } from "./orchestration.ts";

/** A source on a new schema of the database, which the role may read. The schema's name stands for `{s}` in statements. */
export async function createCatalogSource(
  mesh: Orchestration,
  user: User,
  foreign: ForeignDatabase,
  statements: string,
) {
  const schema = `s${crypto.randomUUID().slice(0, 8)}`;
  const change = async (text: string) => {
    await foreign.sql.unsafe(text.replaceAll("{s}", schema));
    await foreign.sql.unsafe(`grant select on all tables in schema ${schema} to public`);
  };
  await foreign.sql.unsafe(`create schema ${schema}; grant usage on schema ${schema} to public`);
  await change(statements);
  const sourceId = await createDatabaseSource(mesh, user, foreign, { schemas: [schema] });
  const discover = () => user.catalog.discover({ sourceId });
  return { schema, sourceId, change, discover };
}

/** The table of this name. */
export function tableNamed(tables: readonly Table[], name: string): Table {
  const found = tables.find((table) => table.name === name);
  if (!found) throw new Error(`no table ${name}`);
  return found;
}
