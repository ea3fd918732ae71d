import { create, toBinary } from "@bufbuild/protobuf";
import type { MethodImpl } from "@connectrpc/connect";
import { type CatalogService, TableChangeSchema } from "../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { toTable, toTableChange } from "../catalog/catalog-message.ts";
import { discoverTables } from "../catalog/discover-tables.ts";
import type { OrchestrationDeps } from "../deps.ts";

/** The response is one message, and has the changed tables, too. The contract states it. */
const changesBytesMax = 2 * 1024 * 1024;

export const discover =
  (deps: OrchestrationDeps): MethodImpl<typeof CatalogService.method.discover> =>
  async ({ sourceId }, context) => {
    const { added, changed, removed, unchangedCount } = await discoverTables(deps, context, { sourceId });
    return {
      added: added.map(toTable),
      changed: changed.map(({ row }) => toTable(row)),
      removed: removed.map(toTable),
      unchangedCount,
      changes: changesWithin(changesBytesMax, changed.map(toTableChange)),
    };
  };

/** The first changes that take this many bytes together. */
function changesWithin(
  bytesMax: number,
  changes: readonly ReturnType<typeof toTableChange>[],
): ReturnType<typeof toTableChange>[] {
  let sizeBytes = 0;
  const end = changes.findIndex((change) => {
    sizeBytes += toBinary(TableChangeSchema, create(TableChangeSchema, change)).length;
    return sizeBytes > bytesMax;
  });
  return end < 0 ? [...changes] : changes.slice(0, end);
}
