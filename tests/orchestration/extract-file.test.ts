import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { codecsOf, extractAll, parquetColumns, plan, readParquet, tablesOf } from "./extracts.ts";
import { createFileSource, type Orchestration, startOrchestration, type User } from "./orchestration.ts";

let mesh: Orchestration;
let user: User;
beforeAll(async () => {
  mesh = await startOrchestration();
  user = mesh.user();
});
afterAll(() => mesh[Symbol.asyncDispose]());

describe("OK", () => {
  test("a CSV as one Parquet file", async () => {
    const sourceId = await createFileSource(mesh, user, "buses.csv", "line,km\nred,1.5\n,2.5\n");
    const tables = await tablesOf(user, sourceId);
    const planned = await plan(user, sourceId, [tables.buses ?? ""]);
    expect(planned).toMatchObject({
      snapshot: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      repeatable: true,
      tables: [
        {
          tableId: tables.buses,
          schemaName: "",
          name: "buses",
          columns: [
            { name: "line", sourceType: "VARCHAR", dataType: "VARCHAR", nullable: true },
            { name: "km", sourceType: "DOUBLE", dataType: "DOUBLE", nullable: true },
          ],
        },
      ],
      chunks: [{ tableIndex: 0, range: "rows 0-2", rowCountExpected: 2n }],
    });
    const [extracted] = await extractAll(user, planned);
    const { bytes = Buffer.alloc(0), summary } = extracted ?? {};
    expect(await readParquet(bytes)).toEqual([
      { line: "red", km: 1.5 },
      { line: null, km: 2.5 },
    ]);
    expect(parquetColumns(bytes)).toEqual(["line BYTE_ARRAY UTF8", "km DOUBLE"]);
    expect(codecsOf(bytes)).toEqual(["ZSTD"]);
    expect(summary).toMatchObject({
      rowCount: 2n,
      columns: [
        { name: "line", nullCount: 1n, min: "red", max: "red" },
        { name: "km", nullCount: 0n, min: "1.5", max: "2.5" },
      ],
    });
  });
});
