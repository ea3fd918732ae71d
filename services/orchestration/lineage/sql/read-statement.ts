import {
  type AnalyzeQueryOptions,
  analyzeQuery,
  type ColumnUseContext,
  type QueryAnalysis,
} from "@polyglot-sql/sdk";
import type { IndirectTransformation, Transformation } from "../lineage.ts";
import type {
  IndirectColumnFacts,
  ParseRequest,
  ResultColumnFacts,
  StatementFacts,
} from "./statement-facts.ts";

type Projection = QueryAnalysis["projections"][number];

/** Parses a statement. Undefined if the parser fails. */
export function readStatement({ sql, dialect, knownTables }: ParseRequest): StatementFacts | undefined {
  const tables = knownTables.map(({ name, schemaName, catalogName, columns }) => ({
    name,
    ...(catalogName !== undefined && { catalog: catalogName }),
    ...(schemaName !== "" && { schema: schemaName }),
    // Lineage does not need the types, and the parser does not know all of them.
    columns: columns.map((column) => ({ name: column, type: "TEXT" })),
  }));
  const options: AnalyzeQueryOptions = { dialect, schema: { tables } };
  const { success, analysis } = analyzeQuery(asSelect(sql), options);
  if (!success || !analysis) return undefined;
  return {
    tables: analysis.baseTables.map(({ name, catalog, schema, table }) => ({
      key: name,
      schemaName: schema ?? "",
      name: table ?? name,
      ...(catalog && { catalogName: catalog }),
    })),
    columns: starModifier.test(sql)
      ? []
      : analysis.projections.map((projection) => columnFacts(projection, analysis)),
    indirect: indirectFacts(analysis),
  };
}

/** How the result depends on the columns of a clause. Those of the projection are in its columns. */
const contexts: Readonly<Record<ColumnUseContext, IndirectTransformation>> = {
  filter: "FILTER",
  having: "FILTER",
  qualify: "FILTER",
  set_operation_filter: "FILTER",
  join: "JOIN",
  group: "GROUP_BY",
  order: "SORT",
  aggregate_order: "SORT",
  window_partition: "WINDOW",
  window_order: "WINDOW",
  window_frame: "WINDOW",
};

function indirectFacts({ columnUses }: QueryAnalysis): IndirectColumnFacts[] {
  return (columnUses ?? []).flatMap(({ context, references }) => {
    const transformation = contexts[context];
    return references.flatMap(({ sourceKind, confidence, sourceName, column }) =>
      sourceKind === "table" && confidence === "resolved" && sourceName
        ? { transformation, tableKey: sourceName, column }
        : [],
    );
  });
}

/** Matches `* EXCLUDE (id)` and the like. The parser reads it as `*`, so no columns are reported. */
const starModifier = /\*(?:\s|--[^\n]*\n|\/\*.*?\*\/)*(?:except|exclude|replace|rename)\b/is;

/** Rewrites `TABLE orders`, which the parser does not know, to a SELECT. */
const asSelect = (sql: string): string => sql.replace(/^\s*table\s+(?=[\w"])/i, "SELECT * FROM ");

function columnFacts(projection: Projection, analysis: QueryAnalysis): ResultColumnFacts {
  return {
    name: projection.name ?? `_col_${projection.index}`,
    transformation: transformationOf(projection, analysis),
    from: projection.upstream.flatMap(({ sourceKind, confidence, sourceName, column }) =>
      sourceKind === "table" && confidence === "resolved" && sourceName !== undefined
        ? { tableKey: sourceName, column }
        : [],
    ),
  };
}

// The parser calls every column of a subquery direct, even one that the subquery computes.
function transformationOf(
  { transformKind }: Projection,
  { relations, setOperations }: QueryAnalysis,
): Transformation {
  if (transformKind === "aggregation") return "AGGREGATION";
  const isPlain = setOperations.length === 0 && relations.every(({ kind }) => kind === "table");
  return transformKind === "direct" && isPlain ? "IDENTITY" : "TRANSFORMATION";
}
