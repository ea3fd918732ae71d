import { expect, test } from "vitest";
import type { Scan } from "../../../services/orchestration/engine/catalog-statement.ts";
import type { Predicate } from "../../../services/orchestration/engine/row-filter.ts";
import { pushDown } from "../../../services/orchestration/federation/push-down.ts";

const comparison = { operators: "order", isExact: true, hasAllNulls: true } as const;
const id = { name: "id", dataType: "INTEGER", comparison };

const listOf = (length: number, from: number): Predicate => ({
  column: "id",
  operator: "in",
  values: Array.from({ length }, (_, index) => String(from + index)),
});
const scanOf = (predicates: readonly Predicate[]): Scan => ({
  table: 0,
  columns: ["id"],
  predicates,
  isComplete: true,
  limit: 5,
});
const tenLists = Array.from({ length: 10 }, (_, index) => listOf(1000, index));

test("OK: a filter of up to 10,000 values is pushed with the limit", () => {
  expect(pushDown([id], [scanOf(tenLists)])).toEqual({ wanted: ["id"], filter: [tenLists], limit: 5 });
});

test("OK: neither a filter of more values nor the limit is pushed", () => {
  expect(pushDown([id], [scanOf([...tenLists, listOf(1, 0)])])).toEqual({ wanted: ["id"] });
});

test.each([
  [["VARCHAR", "DATE", "BIGINT", "BOOLEAN"], "c2"],
  [["DATE", "BOOLEAN"], "c1"],
  [["VARCHAR", "DATE"], "c1"],
  [["VARCHAR", "DOUBLE"], "c0"],
])("OK: of columns %j, a count reads %s", (dataTypes, wanted) => {
  const columns = dataTypes.map((dataType, index) => ({ name: `c${index}`, dataType }));
  const scan = { table: 0, columns: [], predicates: [], isComplete: true };
  expect(pushDown(columns, [scan])).toEqual({ wanted: [wanted] });
});
