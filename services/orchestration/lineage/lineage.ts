/** What an entity of the graph can be. */
export const lineageKinds = ["table", "dataset", "job"] as const;

export type LineageKind = (typeof lineageKinds)[number];

/** How a column is made of another; empty where nobody said. */
export const transformations = ["IDENTITY", "TRANSFORMATION", "AGGREGATION", ""] as const;

export type Transformation = (typeof transformations)[number];

export type LineageEntity = {
  readonly entityId: string;
  readonly kind: LineageKind;
  readonly namespace: string;
  readonly name: string;
  /** The job that started this one. */
  readonly parentEntityId?: string;
};

export type LineageEdge = { readonly fromEntityId: string; readonly toEntityId: string };

/** A column on an edge. */
export type LineageColumn = LineageEdge & {
  readonly fromColumn: string;
  /** Whose column `fromColumn` is. */
  readonly columnEntityId: string;
  readonly toColumn: string;
  readonly transformation: Transformation;
};

/** A piece of the graph. Each edge's entities, and each column's edge, are in it or recorded already. */
export type Lineage = {
  readonly entities: readonly LineageEntity[];
  readonly edges: readonly LineageEdge[];
  readonly columns: readonly LineageColumn[];
};

/** Namespace of Sluice's own entities. */
export const ownNamespace = "sluice";

/** Namespace of a source's tables. */
export const sourceNamespace = (sourceId: string): string => `${ownNamespace}/source/${sourceId}`;
