import { and, eq, inArray, sql } from "drizzle-orm";
import type { Db } from "../../../lib/database/database.ts";
import { ownerIn, within } from "../../../lib/database/scope.ts";
import type { Scope } from "../../../lib/rpc/guard.ts";
import type { TableRow } from "../../table-repository.ts";
import { searchWords, tableSearch } from "../catalog-schema.ts";
import { filterLexeme } from "./lexemes.ts";
import { type SearchDocument, searchDocument } from "./search-document.ts";

/** Tables per statement: a table can have thousands of words. */
const batchRows = 200;
/** Words per statement. */
const batchWords = 10_000;

/**
 * Makes tables of one organisation findable, as they are now. Has to be the last write of its transaction: words of two
 * transactions are inserted in one order, so that neither waits for the other while it holds what that one needs.
 */
export async function updateDocuments(tx: Db, rows: readonly TableRow[]): Promise<void> {
  const [first] = rows;
  if (!first) return;
  const words = new Set<string>();
  for (let at = 0; at < rows.length; at += batchRows) {
    const documents = rows.slice(at, at + batchRows).map((row) => ({ row, document: searchDocument(row) }));
    for (const { document } of documents) for (const word of document.words) words.add(word);
    await insertDocuments(tx, documents);
  }
  await insertWords(tx, first.orgId, [...words].sort());
}

type RowDocument = { readonly row: TableRow; readonly document: SearchDocument };

async function insertDocuments(tx: Db, documents: readonly RowDocument[]): Promise<void> {
  const values = documents.map(({ row, document: { words: _, lexemes, ...document } }) => ({
    ...document,
    orgId: row.orgId,
    namespace: row.namespace,
    tags: [...document.tags],
    piiClasses: [...document.piiClasses],
    lexemes: sql`array_to_tsvector(array(select jsonb_array_elements_text(${JSON.stringify(lexemes)}::text::jsonb)))`,
  }));
  await tx
    .insert(tableSearch)
    .values(values)
    .onConflictDoUpdate({
      target: tableSearch.tableId,
      set: {
        namespace: sql`excluded.namespace`,
        tags: sql`excluded.tags`,
        owner: sql`excluded.owner`,
        piiClasses: sql`excluded.pii_classes`,
        lexemes: sql`excluded.lexemes`,
      },
    });
}

async function insertWords(tx: Db, orgId: string, words: readonly string[]): Promise<void> {
  for (let at = 0; at < words.length; at += batchWords) {
    const batch = JSON.stringify(words.slice(at, at + batchWords));
    await tx.execute(sql`
      insert into ${searchWords} (org_id, word)
      select ${orgId}::uuid, given.word from jsonb_array_elements_text(${batch}::text::jsonb) as given (word)
      where not exists (select from ${searchWords} as known where known.org_id = ${orgId}::uuid and known.word = given.word)
      order by given.word collate "C" on conflict do nothing`);
  }
}

/** Makes tables unfindable. */
export async function deleteDocuments(tx: Db, scope: Scope, tableIds: readonly string[]): Promise<void> {
  if (tableIds.length === 0) return;
  const ids = sql`(
    select given.id::uuid from jsonb_array_elements_text(${JSON.stringify(tableIds)}::text::jsonb) as given (id))`;
  await tx.delete(tableSearch).where(and(within(scope, tableSearch), inArray(tableSearch.tableId, ids)));
}

/** Moves the documents of a source's tables from a namespace to that of the source. */
export async function moveDocuments(
  tx: Db,
  scope: Scope,
  { sourceId, namespace }: { readonly sourceId: string; readonly namespace: string },
  from: string,
): Promise<void> {
  const owner = ownerIn(scope, namespace);
  const [before, now] = [from, owner.namespace].map((name) => filterLexeme(owner.orgId, "a", name));
  await tx
    .update(tableSearch)
    .set({
      ...owner,
      lexemes: sql`ts_delete(lexemes, ${before}::text) || array_to_tsvector(array[${now}::text])`,
    })
    .where(and(within(scope, tableSearch), eq(tableSearch.sourceId, sourceId)));
}
