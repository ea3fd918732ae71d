import { type AnalyzeQueryOptions, analyzeQuery, type QueryAnalysis } from "@polyglot-sql/sdk";
import type { Transformation } from "../lineage.ts";
import type { Question, ResultColumnFacts, StatementFacts } from "./statement-facts.ts";

type Projection = QueryAnalysis["projections"][number];

/** Reads what a statement says; undefined for one that can't be read. */
export function readStatement({ sql, dialect, knownTables }: Question): StatementFacts | undefined {
  const tables = knownTables.map(({ name, schemaName, columns }) => ({
    name,
    ...(schemaName !== "" && { schema: schemaName }),
    // Types do not matter here, and some can't be parsed.
    columns: columns.map((column) => ({ name: column, type: "TEXT" })),
  }));
  const options: AnalyzeQueryOptions = { dialect, schema: { tables } };
  const { success, analysis } = analyzeQuery(asSelect(sql), options);
  if (!success || !analysis) return undefined;
  return {
    tables: analysis.baseTables.map(({ name, schema, table }) => ({
      key: name,
      schemaName: schema ?? "",
      name: table ?? name,
    })),
    columns: starModifier.test(sql)
      ? []
      : analysis.projections.map((projection) => columnFacts(projection, analysis)),
  };
}

/** As `* EXCLUDE (id)`: the parser takes it for the whole `*`, so nothing is said about columns. */
const starModifier = /\*(?:\s|--[^\n]*\n|\/\*.*?\*\/)*(?:except|exclude|replace|rename)\b/is;

/** `TABLE orders` is a SELECT that the parser does not know. */
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

// A column that is handed on from a subquery is called direct, whatever the subquery does with it.
function transformationOf(
  { transformKind }: Projection,
  { relations, setOperations }: QueryAnalysis,
): Transformation {
  if (transformKind === "aggregation") return "AGGREGATION";
  const isPlain = setOperations.length === 0 && relations.every(({ kind }) => kind === "table");
  return transformKind === "direct" && isPlain ? "IDENTITY" : "TRANSFORMATION";
}
