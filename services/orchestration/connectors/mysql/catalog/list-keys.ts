import type { EncodedValue } from "../../../results/encoded-value.ts";
import { foreignKeysMax } from "../../sql/check-reply.ts";
import type { Session } from "../session/session.ts";
import type { Parameter } from "../wire/execute-message.ts";
import { readAll } from "./read-all.ts";

type Value = EncodedValue | null;
type ForeignKey = {
  readonly name: Value;
  readonly columns: Value[];
  readonly referencedSchemaName: Value;
  readonly referencedTableName: Value;
  readonly referencedColumns: Value[];
};
type Keys = { readonly primaryKey: Value[]; readonly foreignKeys: ForeignKey[] };

const keysOf = (condition: string) => `
  select table_schema, table_name, constraint_name, column_name
  , referenced_table_schema, referenced_table_name, referenced_column_name
  from information_schema.key_column_usage
  where ${condition} and (constraint_name = 'PRIMARY' or referenced_table_name is not null)
  order by table_schema, table_name, constraint_name, ordinal_position`;

/** Primary and foreign keys of the tables that a condition selects, by JSON of schema and table. */
export async function listKeys(
  session: Session,
  condition: string,
  parameters: readonly Parameter[],
): Promise<ReadonlyMap<string, Keys>> {
  const keys = new Map<string, Keys>();
  for (const row of await readAll(session, keysOf(condition), parameters)) {
    const [schema, table, name = null, column = null, ofSchema = null, ofTable = null, ofColumn = null] = row;
    const id = JSON.stringify([schema, table]);
    const { primaryKey, foreignKeys } = keys.get(id) ?? { primaryKey: [], foreignKeys: [] };
    keys.set(id, { primaryKey, foreignKeys });
    if (ofTable === null) {
      primaryKey.push(column);
      continue;
    }
    const last = foreignKeys.at(-1);
    if (last?.name === name) {
      last.columns.push(column);
      last.referencedColumns.push(ofColumn);
    } else if (foreignKeys.length < foreignKeysMax) {
      foreignKeys.push({
        name,
        columns: [column],
        referencedSchemaName: ofSchema,
        referencedTableName: ofTable,
        referencedColumns: [ofColumn],
      });
    }
  }
  return keys;
}
