import { expect, test } from "vitest";
import { matchTable } from "../../../services/orchestration/federation/match-tables.ts";
import type { SourceRow } from "../../../services/orchestration/source-repository.ts";
import type { TableRow } from "../../../services/orchestration/table-repository.ts";

const sourceId = "0198c0de-0000-7000-8000-00000000000a";
const mine = { sourceId, displayName: "warehouse" } as SourceRow;
const other = { sourceId: "0198c0de-0000-7000-8000-00000000000b", displayName: sourceId } as SourceRow;
const tables = [mine, other].map(
  (source) => ({ sourceId: source.sourceId, schemaName: "public", name: "t" }) as TableRow,
);

test.each([[sourceId], [sourceId.toUpperCase()]])(
  "OK: the id %s is its source's, although another source has it for its name",
  (catalog) => {
    for (const sources of [
      [mine, other],
      [other, mine],
    ]) {
      const reference = { catalog, schema: "public", name: "t" };
      expect(matchTable(reference, sources, tables)).toEqual({ reference, source: mine, table: tables[0] });
    }
  },
);
