import {
  type LineageColumn,
  type LineageEdge,
  LineageKindSchema,
  type LineageNode,
} from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { neutralise } from "../terminal/neutralise.ts";
import { formatEnum } from "../terminal/value.ts";

/** The response of GetLineage, GetUpstream or GetDownstream. */
export type Graph = {
  readonly nodes: readonly LineageNode[];
  readonly edges: readonly LineageEdge[];
  readonly truncated: boolean;
};

export const kindOf = ({ kind }: LineageNode): string => formatEnum(LineageKindSchema, kind);

/** A column's flow on one line. */
export function formatFlow({ fromColumn, toColumn, transformation }: LineageColumn): string {
  const how = transformation && transformation !== "IDENTITY" ? ` (${transformation.toLowerCase()})` : "";
  return neutralise(`${fromColumn} → ${toColumn || "all columns"}${how}`);
}
