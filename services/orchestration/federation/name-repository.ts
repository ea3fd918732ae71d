import { and, asc, desc, eq, inArray, isNull, or, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { within } from "../../lib/database/scope.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { sources, tables } from "../schema.ts";
import type { SourceRow } from "../source-repository.ts";
import type { TableRow } from "../table-repository.ts";

const isLive = isNull(tables.deleteTime);

const inLowerCase = (names: readonly string[]): string[] => [
  ...new Set(names.map((name) => name.toLowerCase())),
];

/** The sources whose display name, compared without case, or whose id is one of these. */
export async function listSourcesByName(
  db: Db,
  scope: Scope,
  names: readonly string[],
): Promise<SourceRow[]> {
  if (names.length === 0) return [];
  return await db
    .select()
    .from(sources)
    .where(
      and(
        within(scope, sources),
        or(
          inArray(sql`lower(${sources.displayName})`, inLowerCase(names)),
          inArray(sql`${sources.sourceId}::text`, inLowerCase(names)),
        ),
      ),
    )
    .orderBy(asc(sources.sourceId));
}

/** The tables of some sources with one of these names, compared without case. Deleted ones are left out. */
export async function listTablesOfSources(
  db: Db,
  scope: Scope,
  sourceIds: readonly string[],
  names: readonly string[],
): Promise<TableRow[]> {
  if (sourceIds.length === 0 || names.length === 0) return [];
  return await db
    .select()
    .from(tables)
    .where(
      and(
        within(scope, tables),
        inArray(tables.sourceId, [...sourceIds]),
        inArray(sql`lower(${tables.name})`, inLowerCase(names)),
        isLive,
      ),
    )
    .orderBy(asc(tables.tableId));
}

/** A table with the name of its source. */
export type NamedTable = { readonly sourceName: string; readonly schemaName: string; readonly name: string };

/** Share of the parts of two similar names that they have in common. */
const similarityMin = 0.3;

/** Tables with names like this one, the most similar first: of one source, or of all of them. */
export async function listSimilarTables(
  db: Db,
  scope: Scope,
  { sourceId, name }: { readonly sourceId: string | undefined; readonly name: string },
  limit: number,
): Promise<NamedTable[]> {
  const similarity = sql`public.similarity(lower(${tables.name}), ${name.toLowerCase()}::text)`;
  const condition = sourceId === undefined ? undefined : eq(tables.sourceId, sourceId);
  return await db
    .select({ sourceName: sources.displayName, schemaName: tables.schemaName, name: tables.name })
    .from(tables)
    .innerJoin(sources, eq(sources.sourceId, tables.sourceId))
    .where(
      and(
        within(scope, tables),
        within(scope, sources),
        condition,
        isLive,
        sql`${similarity} >= ${similarityMin}`,
      ),
    )
    .orderBy(desc(similarity), asc(tables.tableId))
    .limit(limit);
}
