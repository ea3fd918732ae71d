import type { ColumnAnnotations } from "../annotations.ts";
import type { TableRow } from "../table-repository.ts";

/** Longest description of a table and of a column in a context, in characters. */
const tableTextMax = 500;
const columnTextMax = 120;

/** How much is said of a table's columns. */
export type Detail = "all" | "brief" | "keys";

/** The definition of a table as SQL, with what is known of it in comments. */
export function describeTable(row: TableRow, detail: Detail): { text: string; omittedColumnCount: number } {
  const kept = detail === "keys" ? keyColumns(row) : row.columns;
  const omittedColumnCount = row.columns.length - kept.length;
  const lines = kept.map((column) => {
    const text = detail === "all" ? columnText(row, column.name) : "";
    const type = oneLine(column.dataType, columnTextMax);
    const definition = `${quote(column.name)} ${type}${column.nullable ? "" : " NOT NULL"}`;
    return { definition, text };
  });
  const keys = keysOf(row).map((definition) => ({ definition, text: "" }));
  const all = [...lines, ...keys];
  const body = all.map(({ definition, text }, index) => {
    const comma = index === all.length - 1 ? "" : ",";
    return `  ${definition}${comma}${text === "" ? "" : ` -- ${text}`}`;
  });
  const omitted = omittedColumnCount === 0 ? [] : [`  -- and ${omittedColumnCount} more columns`];
  const about = detail === "keys" ? "" : oneLine(aboutTable(row), tableTextMax);
  const text = [
    `CREATE TABLE ${qualifiedName(row)} (${about === "" ? "" : ` -- ${about}`}`,
    ...body,
    ...omitted,
    `);${row.rowCount === null ? "" : ` -- ${row.rowCount} rows`}`,
  ].join("\n");
  return { text, omittedColumnCount };
}

const aboutTable = ({ description, comment, tags }: TableRow): string =>
  [...new Set([description, comment, tags.length > 0 ? `tags: ${tags.join(", ")}` : ""])]
    .filter((text) => text !== "")
    .join("; ");

function columnText({ columnAnnotations, columnComments }: TableRow, name: string): string {
  const annotation = (columnAnnotations as ColumnAnnotations)[name];
  const texts = [annotation?.description ?? "", columnComments[name] ?? ""];
  const pii = annotation?.piiClass;
  return oneLine(
    [...new Set([...texts, pii && pii !== "NONE" ? `personal data: ${pii.toLowerCase()}` : ""])]
      .filter((text) => text !== "")
      .join("; "),
    columnTextMax,
  );
}

/** Columns of keys, from which a statement can join. */
function keyColumns({ columns, primaryKey, foreignKeys }: TableRow): TableRow["columns"] {
  const names = new Set([...primaryKey, ...foreignKeys.flatMap((key) => key.columns)]);
  return columns.filter(({ name }) => names.has(name));
}

const keysOf = ({ primaryKey, foreignKeys }: TableRow): string[] => [
  ...(primaryKey.length > 0 ? [`PRIMARY KEY (${primaryKey.map(quote).join(", ")})`] : []),
  ...foreignKeys.map(({ columns, referencedColumns, ...other }) => {
    const name = qualifiedName({ schemaName: other.referencedSchemaName, name: other.referencedTableName });
    return `FOREIGN KEY (${columns.map(quote).join(", ")}) REFERENCES ${name} (${referencedColumns.map(quote).join(", ")})`;
  }),
];

export const qualifiedName = ({ schemaName, name }: { readonly schemaName: string; readonly name: string }) =>
  (schemaName === "" ? [name] : [schemaName, name]).map(quote).join(".");

/** A name as it is, if no database would fold or misread it. */
export const quote = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${oneLine(name, 1000).replaceAll('"', '""')}"`;

/** A text of strangers in one line, so that it ends with its comment. */
export function oneLine(text: string, charactersMax: number): string {
  const line = text.replaceAll(/[\s\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ").trim();
  const characters = [...line];
  return characters.length <= charactersMax ? line : `${characters.slice(0, charactersMax - 1).join("")}…`;
}
