import type { MessageInitShape } from "@bufbuild/protobuf";
import type { LineageGraphSchema } from "../../../gen/compat/rivergen/v1/lineage_pb.ts";
import {
  type LineageEdge,
  LineageKind,
  type LineageNode,
} from "../../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { enumWords } from "../../lib/values/enum-words.ts";

const kinds = enumWords<string, LineageKind>({
  table: LineageKind.TABLE,
  dataset: LineageKind.DATASET,
  job: LineageKind.JOB,
});

type Graph = {
  readonly nodes: readonly LineageNode[];
  readonly edges: readonly LineageEdge[];
  readonly truncated: boolean;
};

export const toGraph = (
  entityId: string,
  { nodes, edges, truncated }: Graph,
): MessageInitShape<typeof LineageGraphSchema> => ({
  entityId,
  nodes: nodes.map((node) => ({
    entityId: node.entityId,
    entityType: kinds.toWord(node.kind) ?? "",
    namespace: node.namespace,
    name: node.name,
    createdAt: node.createTime,
  })),
  edges: edges.map((edge) => ({
    sourceId: edge.fromEntityId,
    targetId: edge.toEntityId,
    columns: edge.columns.map((column) => ({
      sourceEntityId: column.fromEntityId,
      sourceColumn: column.fromColumn,
      targetColumn: column.toColumn,
      transformation: column.transformation,
      indirect: column.indirect,
    })),
  })),
  truncated,
});
