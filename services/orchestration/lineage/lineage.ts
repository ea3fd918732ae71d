/** Kinds of entities in the graph. */
export const lineageKinds = ["table", "dataset", "job"] as const;

export type LineageKind = (typeof lineageKinds)[number];

/** How rows depend on a column whose values do not get into the result. `INDIRECT` stands for all others. */
export const indirectTransformations = [
  "FILTER",
  "JOIN",
  "GROUP_BY",
  "SORT",
  "WINDOW",
  "CONDITIONAL",
  "INDIRECT",
] as const;

export type IndirectTransformation = (typeof indirectTransformations)[number];

/** How a column is derived from another; empty if unknown. */
export const transformations = [
  "IDENTITY",
  "TRANSFORMATION",
  "AGGREGATION",
  "",
  ...indirectTransformations,
] as const;

export type Transformation = (typeof transformations)[number];

export const isIndirect = (transformation: Transformation): transformation is IndirectTransformation =>
  indirectTransformations.some((one) => one === transformation);

export type LineageEntity = {
  readonly entityId: string;
  readonly kind: LineageKind;
  readonly namespace: string;
  readonly name: string;
  /** Sluice's namespace of the entity, if it is not that of the record. */
  readonly ownerNamespace?: string;
  /** The job that started this one, with the time of the event that says so. */
  readonly parent?: { readonly entityId: string; readonly time: string };
  /** Owners, with the time of the record that says so. */
  readonly owners?: { readonly names: readonly string[]; readonly time: string };
};

export type LineageEdge = { readonly fromEntityId: string; readonly toEntityId: string };

/** A flow of data at a time. Default: now. */
export type TimedEdge = LineageEdge & { readonly time?: string };

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
  readonly edges: readonly TimedEdge[];
  readonly columns: readonly LineageColumn[];
};

/** Namespace of Sluice's own entities. */
export const ownNamespace = "sluice";

/** Whether a namespace of OpenLineage is Sluice's. */
export const isOwnNamespace = (namespace: string): boolean =>
  namespace === ownNamespace || namespace.startsWith(`${ownNamespace}/`);

/** Namespace of a source's tables. */
export const sourceNamespace = (sourceId: string): string => `${ownNamespace}/source/${sourceId}`;
