import { expect, test } from "vitest";
import { FilestoreDestination_Format as Format } from "../../gen/sluice/approval/v1/projects_pb.ts";
import { filePath } from "../../services/approval/release/file-path.ts";

const pathOf = (schemaName: string, tableName: string, index = 0) =>
  filePath({ area: "area", projectId: "project", schemaName, tableName, index, format: Format.PARQUET });

test.each([
  ["", "orders", "orders"],
  ["shop", "orders", "shop/orders"],
  ["shop", `"quoted" 🧾 täble`, `shop/"quoted" 🧾 täble`],
  ["a.b", "c", "a.b/c"],
  ["a", "b/c", "a/b%2Fc"],
  ["a", "b%2Fc", "a/b%252Fc"],
  ["a", "..", "a/%2E%2E"],
  [".", "x\\y\n", "%2E/x%5Cy%0A"],
])("OK: schema %j, table %j", (schemaName, tableName, folders) => {
  expect(pathOf(schemaName, tableName, 7)).toBe(`area/project/${folders}/part-00007.parquet`);
});

test("OK: the longest names leave a path that storage takes, and differ where the names do", () => {
  const long = "🧾".repeat(255);
  const paths = [`${long}a`, `${long}b`].map((name) => pathOf(long, name, 99_999));
  expect(new Set(paths).size).toBe(2);
  for (const path of paths) expect(Buffer.byteLength(path)).toBeLessThanOrEqual(1024);
});
