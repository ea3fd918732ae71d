import { text as readText } from "node:stream/consumers";
import type { Call } from "../command/call.ts";
import { flag, text } from "../command/options.ts";
import { usageError } from "../failures/command-error.ts";
import { resolveSource } from "../resolve/resolve-source.ts";

/** What a statement runs on. */
export type Subject = {
  /** Empty for the catalog. */
  readonly sourceId: string;
  readonly namespace: string;
};

/** Options of commands with a statement. */
export const statementOptions = {
  catalog: flag("the statement names tables of any sources, as source.schema.table"),
  namespace: text("name", "namespace of these sources, with --catalog (default: default)"),
};

type SubjectOptions = { readonly catalog: boolean; readonly namespace: string | undefined };

/** The source of the first argument, or the catalog, and the statement of the next argument. */
export async function resolveSubject(
  call: Call,
  [first, second]: readonly (string | undefined)[],
  { catalog, namespace }: SubjectOptions,
): Promise<Subject & { readonly given: string | undefined }> {
  if (catalog) {
    if (second !== undefined) throw usageError("--catalog takes a statement, and no source");
    return { sourceId: "", namespace: namespace ?? "", given: first };
  }
  if (namespace !== undefined) throw usageError("--namespace needs --catalog");
  if (first === undefined)
    throw usageError("the source is missing", "give it as the first argument, or --catalog");
  return { sourceId: await resolveSource(call, first), namespace: "", given: second };
}

/** The statement; undefined if it is to be asked for. */
export async function readSql(call: Call, given: string | undefined): Promise<string | undefined> {
  if (given !== undefined && given !== "-") return given;
  if (given === undefined && call.canAsk && call.terminal.showsPeople) return undefined;
  if (process.stdin.isTTY)
    throw usageError("the statement is missing", "give it as the second argument, or - and standard input");
  const sql = (await readText(process.stdin)).trim().replace(/;$/, "");
  if (sql === "") throw usageError("standard input has no statement");
  return sql;
}
