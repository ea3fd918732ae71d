import type { MessageShape } from "@bufbuild/protobuf";
import type { MethodImpl } from "@connectrpc/connect";
import type {
  LineageEntitySchema,
  LineageService,
  RecordLineageRequest,
} from "../../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { ownerIn } from "../../lib/database/scope.ts";
import { invalidField } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { type Lineage, type LineageEntity, ownNamespace } from "../lineage/lineage.ts";
import { fromKind } from "../lineage/lineage-message.ts";
import { insertLineage } from "../lineage/lineage-repository.ts";
import { tableEntity } from "../lineage/table-entity.ts";
import { withOwner } from "../lineage/with-owner.ts";
import { enter } from "../namespace-repository.ts";
import { listTablesById } from "../table-repository.ts";

export const recordLineage =
  ({ db, forwarder }: OrchestrationDeps): MethodImpl<typeof LineageService.method.recordLineage> =>
  async (request, context) => {
    const scope = scopeOf(context);
    const lineage = lineageOf(request);
    const tableIds = lineage.entities.filter(({ kind }) => kind === "table").map(({ entityId }) => entityId);
    const tables = await listTablesById(db, scope, tableIds);
    const named = new Map(tables.map((table) => [table.tableId, tableEntity(table)]));
    const owned = withOwner(scope.principal.userId);
    const entities = lineage.entities.map((entity) => named.get(entity.entityId) ?? owned(entity));
    const recorded = { ...lineage, entities };
    await db.transaction(async (tx) => {
      // Services record what they did a while ago: the namespace may have been deleted since.
      await enter(tx, ownerIn(scope, request.namespace));
      await insertLineage(tx, scope, [recorded], request.namespace);
      await forwarder.queue(tx, scope.orgId, [recorded], request.namespace);
    });
    return {};
  };

/** Edges from each input to the job and from the job to each output. Columns are on both. */
function lineageOf({ job, inputs, outputs, columns }: RecordLineageRequest): Lineage {
  if (!job) throw invalidField("job", "is required");
  const jobId = job.entityId.toLowerCase();
  const inputIds = new Set(inputs.map(({ entityId }) => entityId.toLowerCase()));
  const outputIds = new Set(outputs.map(({ entityId }) => entityId.toLowerCase()));
  const columnsOf = (entry: RecordLineageRequest["columns"][number], index: number) => {
    const columnEntityId = entry.inputEntityId.toLowerCase();
    const outputId = entry.outputEntityId.toLowerCase();
    if (!inputIds.has(columnEntityId)) {
      throw invalidField(`columns[${index}].input_entity_id`, "is not among the inputs");
    }
    if (!outputIds.has(outputId)) {
      throw invalidField(`columns[${index}].output_entity_id`, "is not among the outputs");
    }
    const { inputColumn: fromColumn, outputColumn: toColumn } = entry;
    const column = { fromColumn, columnEntityId, toColumn, transformation: "IDENTITY" } as const;
    return [
      { fromEntityId: columnEntityId, toEntityId: jobId, ...column },
      { fromEntityId: jobId, toEntityId: outputId, ...column },
    ];
  };
  return {
    entities: [job, ...inputs, ...outputs].map(toEntity),
    edges: [
      ...[...inputIds].map((fromEntityId) => ({ fromEntityId, toEntityId: jobId })),
      ...[...outputIds].map((toEntityId) => ({ fromEntityId: jobId, toEntityId })),
    ],
    columns: columns.flatMap(columnsOf),
  };
}

const toEntity = ({ entityId, kind, name }: MessageShape<typeof LineageEntitySchema>): LineageEntity => ({
  entityId: entityId.toLowerCase(),
  kind: fromKind(kind),
  namespace: ownNamespace,
  name,
});
