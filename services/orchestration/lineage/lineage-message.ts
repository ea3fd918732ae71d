import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  type GetLineageResponseSchema,
  type LineageEventSchema,
  LineageKind as LineageKindMessage,
  type LineageNodeSchema,
} from "../../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { enumWords } from "../../lib/values/enum-words.ts";
import type { EventDescription } from "./events/event-repository.ts";
import { isIndirect, type LineageKind } from "./lineage.ts";
import type { EntityRow } from "./lineage-repository.ts";
import type { Graph } from "./walk.ts";

const kinds = enumWords<LineageKind, LineageKindMessage>({
  table: LineageKindMessage.TABLE,
  dataset: LineageKindMessage.DATASET,
  job: LineageKindMessage.JOB,
});

/** The kind in a request. Validation has refused unknown ones. */
export function fromKind(kind: LineageKindMessage): LineageKind {
  const found = kinds.toWord(kind);
  if (!found) throw new Error("unknown kind of entity");
  return found;
}

export const toNode = (row: EntityRow): MessageInitShape<typeof LineageNodeSchema> => ({
  entityId: row.entityId,
  kind: kinds.toValue(row.kind),
  namespace: row.namespace,
  name: row.name,
  createTime: timestampFromDate(row.createTime),
  parentEntityId: row.parentEntityId ?? "",
  owners: [...row.owners].sort(),
});

export const toEvent = (row: EventDescription): MessageInitShape<typeof LineageEventSchema> => ({
  eventId: row.eventId,
  entityId: row.entityId ?? "",
  eventType: row.eventType,
  eventTime: timestampFromDate(row.eventTime),
  runId: row.runId ?? "",
  namespace: row.namespace,
  createTime: timestampFromDate(row.createTime),
});

/** The responses of GetLineage, GetUpstream and GetDownstream have the same shape. */
export const toGraph = ({ entities, edges, truncated }: Graph) =>
  ({
    nodes: entities.map(toNode),
    edges: edges.map(({ fromEntityId, toEntityId, firstTime, lastTime, columns }) => ({
      fromEntityId,
      toEntityId,
      firstTime: timestampFromDate(new Date(firstTime)),
      lastTime: timestampFromDate(new Date(lastTime)),
      columns: columns.map(({ fromColumn, columnEntityId, toColumn, transformation }) => ({
        fromColumn,
        fromEntityId: columnEntityId,
        toColumn,
        transformation,
        indirect: isIndirect(transformation),
      })),
    })),
    truncated,
  }) satisfies MessageInitShape<typeof GetLineageResponseSchema>;
