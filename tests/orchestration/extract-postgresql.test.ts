import { beforeAll, describe, expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { extractAll, parquetColumns, plan, readParquet, tablesOf } from "./extracts.ts";
import { createDatabaseSource, startForeignDatabase } from "./foreign-database.ts";
import { startOrchestration } from "./orchestration.ts";

let tables: Record<string, string>;
const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);
const user = forFile(() => mesh().user());
const sourceId = forFile(() => createDatabaseSource(mesh(), user(), foreign()));
beforeAll(async () => {
  await foreign().sql.unsafe(`
    create table orders (id int primary key, total numeric(10,2), note text);
    insert into orders select n, n / 2.0, case when n % 3 > 0 then 'note, "' || n || '"' end
      from generate_series(1, 20000) as n;
    analyze orders;
    grant select on all tables in schema public to public`);
  tables = await tablesOf(user(), sourceId());
});

describe("OK", () => {
  test("a table in chunks of about as many rows as were asked for", async () => {
    const planned = await plan(user(), sourceId(), [tables.orders ?? ""], { chunkRows: 5000n });
    expect(planned).toMatchObject({
      snapshot: expect.stringMatching(/^[0-9A-F-]+$/),
      repeatable: false,
      tables: [
        {
          tableId: tables.orders,
          schemaName: "public",
          name: "orders",
          columns: [
            { name: "id", sourceType: "integer", dataType: "INTEGER", nullable: false },
            { name: "total", sourceType: "numeric(10,2)", dataType: "DECIMAL(10,2)", nullable: true },
            { name: "note", sourceType: "text", dataType: "VARCHAR", nullable: true },
          ],
        },
      ],
    });
    expect(planned.chunks).toHaveLength(4);
    const extracted = await extractAll(user(), planned);
    const rows = (await Promise.all(extracted.map(({ bytes }) => readParquet(bytes)))).flat();
    const expected = await foreign().sql`select id, total::float8, note from orders order by ctid`;
    expect(rows).toEqual([...expected]);
    expect(parquetColumns(extracted[0]?.bytes ?? Buffer.alloc(0))).toEqual([
      "id INT32 INT_32",
      "total INT64 DECIMAL",
      "note BYTE_ARRAY UTF8",
    ]);
    const counts = extracted.map(({ summary }) => Number(summary.rowCount));
    expect(counts.reduce((sum, count) => sum + count)).toBe(20_000);
    await user().extracts.closeSnapshot({ snapshotId: planned.snapshotId });
  });
});
