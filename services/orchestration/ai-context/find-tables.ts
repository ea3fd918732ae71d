import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { listTablesById, listTablesByName, type TableRow } from "../table-repository.ts";
import type { QuestionWord } from "./question-words.ts";
import { type RankFilter, rankTables } from "./rank-repository.ts";

/** Tables whose words are compared, and those that their foreign keys add in each step. */
const candidatesMax = 50;
const stepsMax = 3;
/** Share of a table's score that the tables of its foreign keys get, as a percentage. */
const sharePercent = 40;

/**
 * The tables that fit a question, best first. Tables between which a foreign key leads support each other: a statement needs
 * them together, and often only one has a word of the question.
 */
export async function findTables(
  db: Db,
  scope: Scope,
  words: readonly QuestionWord[],
  filter: RankFilter,
): Promise<TableRow[]> {
  const ranked = await rankTables(db, scope, words, filter, candidatesMax);
  const found = await listTablesById(
    db,
    scope,
    ranked.map(({ tableId }) => tableId),
  );
  const rows = new Map(found.map((row) => [keyOf(row), row]));
  const byId = new Map(ranked.map(({ tableId, score }) => [tableId, score]));
  const scores = new Map(found.map((row) => [keyOf(row), byId.get(row.tableId) ?? 0]));
  let added = found;
  for (let step = 0; step < stepsMax && added.length > 0; step++) {
    added = await listReferenced(db, scope, added, rows);
    for (const row of added) rows.set(keyOf(row), row);
  }
  const spread = spreadScores(rows, scores);
  return [...rows.entries()]
    .map(([key, row]) => ({ row, score: spread.get(key) ?? 0 }))
    .filter(({ score }) => score > 0)
    .sort((one, other) => other.score - one.score || compare(one.row.tableId, other.row.tableId))
    .map(({ row }) => row);
}

type Named = Pick<TableRow, "sourceId" | "schemaName" | "name">;

const keyOf = ({ sourceId, schemaName, name }: Named): string => JSON.stringify([sourceId, schemaName, name]);

/** The tables to which foreign keys of a table lead. */
const referencedBy = ({ sourceId, foreignKeys }: TableRow): Named[] =>
  foreignKeys.map(({ referencedSchemaName: schemaName, referencedTableName: name }) => ({
    sourceId,
    schemaName,
    name,
  }));

/** Tables to which foreign keys lead and which are not known yet. */
async function listReferenced(
  db: Db,
  scope: Scope,
  from: readonly TableRow[],
  known: ReadonlyMap<string, TableRow>,
): Promise<TableRow[]> {
  const wanted = from.flatMap(referencedBy).filter((table) => !known.has(keyOf(table)));
  const keys = new Set(wanted.map(keyOf));
  const rows: TableRow[] = [];
  for (const [sourceId, tables] of Map.groupBy(wanted, (table) => table.sourceId)) {
    const names = [...new Set(tables.map(({ name }) => name))].slice(0, candidatesMax);
    const found = await listTablesByName(db, scope, sourceId, names);
    rows.push(...found.filter((row) => keys.has(keyOf(row))));
  }
  return rows;
}

/** Each table gets a share of the best score among its neighbours, and so on by several steps. */
function spreadScores(
  rows: ReadonlyMap<string, TableRow>,
  own: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const neighbours = new Map([...rows.keys()].map((key) => [key, new Set<string>()]));
  for (const [key, row] of rows) {
    for (const other of referencedBy(row).map(keyOf)) {
      if (other === key || !rows.has(other)) continue;
      neighbours.get(key)?.add(other);
      neighbours.get(other)?.add(key);
    }
  }
  let scores: ReadonlyMap<string, number> = own;
  for (let step = 0; step < stepsMax; step++) {
    const former = scores;
    scores = new Map(
      [...rows.keys()].map((key) => {
        const best = Math.max(0, ...[...(neighbours.get(key) ?? [])].map((other) => former.get(other) ?? 0));
        return [key, (own.get(key) ?? 0) + Math.round((best * sharePercent) / 100)];
      }),
    );
  }
  return scores;
}

const compare = (one: string, other: string): number => (one < other ? -1 : Number(one > other));
