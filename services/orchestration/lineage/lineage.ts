/** Kinds of entities in the graph. */
export const lineageKinds = ["table", "dataset", "job"] as const;

export type LineageKind = (typeof lineageKinds)[number];

/** How a column is derived from another; empty if unknown. */
export const transformations = ["IDENTITY", "TRANSFORMATION", "AGGREGATION", ""] as const;

export type Transformation = (typeof transformations)[number];

export type LineageEntity = {
  readonly entityId: string;
  readonly kind: LineageKind;
  readonly namespace: string;
  readonly name: string;
  /** Sluice's namespace of the entity, if it is not that of the record. */
  readonly ownerNamespace?: string;
  /** The job that started this one. */
  readonly parentEntityId?: string;
};

export type LineageEdge = { readonly fromEntityId: string; readonly toEntityId: string };

/** A column's derivation along an edge. */
export type LineageColumn = LineageEdge & {
  readonly fromColumn: string;
  /** The entity that `fromColumn` belongs to. */
  readonly columnEntityId: string;
  readonly toColumn: string;
  readonly transformation: Transformation;
};

/** A part of the graph. The entities of its edges and the edges of its columns are in it or recorded already. */
export type Lineage = {
  readonly entities: readonly LineageEntity[];
  readonly edges: readonly LineageEdge[];
  readonly columns: readonly LineageColumn[];
};

/** Namespace of Sluice's own entities. */
export const ownNamespace = "sluice";

/** Namespace of a source's tables. */
export const sourceNamespace = (sourceId: string): string => `${ownNamespace}/source/${sourceId}`;
