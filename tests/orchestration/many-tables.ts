import { sql } from "drizzle-orm";
import type { Db } from "../../services/lib/database/database.ts";
import { updateDocuments } from "../../services/orchestration/catalog/search/document-repository.ts";
import type { TableRow } from "../../services/orchestration/table-repository.ts";

const subjects = [
  "customer",
  "order",
  "invoice",
  "payment",
  "product",
  "shipment",
  "account",
  "event",
  "store",
];
const kinds = ["dim", "fact", "raw", "stage", "report", "history", "daily"];
const fields = [
  "name",
  "total",
  "status",
  "create time",
  "update time",
  "city",
  "price",
  "number",
  "comment",
  "type",
];

/** The columns of the table of this number: ten, of which each table has `id` and every thousandth an odd one. */
function columnsOf(number: number) {
  const names = [
    "id",
    `${subjects[number % 9]}_id`,
    ...Array.from({ length: 7 }, (_, index) => {
      const [subject, field] = [subjects[(number + index) % 9], fields[(number * 3 + index) % 10]];
      return `${subject}_${field}`.replace(" ", "_");
    }),
    `attribute_${number % 1000}`,
  ];
  return names.map((name) => ({ name, dataType: "integer", nullable: true }));
}

export const nameOf = (number: number): string =>
  `${kinds[number % 7]}_${subjects[number % 9]}_table_${number}`;

/** Adds tables of ten columns with their documents. Discoveries of so many would take minutes. */
export async function addTables(db: Db, orgId: string, sourceId: string, count: number): Promise<void> {
  await db.execute(sql`
    insert into orchestration.sources (source_id, org_id, display_name, connector, settings)
    values (${sourceId}::uuid, ${orgId}::uuid, ${`many ${sourceId}`}, 'file', '{}') on conflict do nothing`);
  const batchRows = 5000;
  for (let from = 0; from < count; from += batchRows) {
    const numbers = Array.from({ length: Math.min(batchRows, count - from) }, (_, index) => from + index);
    const items = numbers.map((number) => ({
      schemaName: `schema_${number % 20}`,
      name: nameOf(number),
      columns: columnsOf(number),
      tags: number % 1000 < 20 ? ["rare1", "all"] : ["all"],
    }));
    const rows = await db.execute<{ row: string }>(sql`
      insert into orchestration.tables as t (table_id, org_id, source_id, schema_name, name, columns, tags)
      select gen_random_uuid(), ${orgId}::uuid, ${sourceId}::uuid, item ->> 'schemaName', item ->> 'name'
      , item -> 'columns', array(select jsonb_array_elements_text(item -> 'tags'))
      from jsonb_array_elements(${JSON.stringify(items)}::text::jsonb) as item
      returning json_build_object('orgId', org_id, 'namespace', namespace, 'tableId', table_id, 'sourceId', source_id
      , 'schemaName', schema_name, 'name', name, 'columns', columns, 'comment', comment, 'columnComments', column_comments
      , 'description', description, 'tags', tags, 'owner', owner, 'columnAnnotations', column_annotations)::text as row`);
    await updateDocuments(
      db,
      [...rows].map(({ row }) => JSON.parse(row) as TableRow),
    );
  }
}
