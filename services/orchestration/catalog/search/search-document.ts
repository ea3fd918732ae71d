import type { TableRow } from "../../table-repository.ts";
import { filterLexeme, wordLexeme } from "./lexemes.ts";
import { joinWords, wordsOf } from "./words.ts";

/** Words of one table beyond these are not searched. */
const wordsMax = 10_000;
/** Characters of a name by which names are ordered: an entry of an index has at most 2,704 bytes. */
const nameKeyCharactersMax = 200;

/** What the index has of a table. */
export type SearchDocument = {
  readonly tableId: string;
  readonly sourceId: string;
  readonly schemaName: string;
  readonly nameKey: string;
  /** Of the table and of its columns. */
  readonly tags: readonly string[];
  readonly owner: string;
  readonly piiClasses: readonly string[];
  readonly lexemes: readonly string[];
  /** Words that have similar ones: those of the names and the texts. */
  readonly words: readonly string[];
};

/** The document of a table's row. */
export function searchDocument(row: TableRow): SearchDocument {
  const { orgId, tableId, sourceId, schemaName, name, owner } = row;
  const annotations = Object.values(row.columnAnnotations);
  const tags = [...new Set([row.tags, ...annotations.map((annotation) => annotation.tags)].flat())].sort();
  const piiClasses = [...new Set(annotations.flatMap(({ piiClass }) => piiClass ?? []))].sort();
  const columnNames = row.columns.map((column) => column.name);
  const nameWords = wordsOf(name);
  const texts = [row.comment, row.description, ...Object.values(row.columnComments)];
  const annotated = annotations.map(({ description }) => description);
  const words = new Set(nameWords);
  for (const text of [schemaName, ...columnNames, ...tags, ...texts, ...annotated]) {
    for (const word of wordsOf(text)) words.add(word);
    if (words.size >= wordsMax) break;
  }
  const nameKey = joinWords(name);
  const parts = new Set([...columnNames, ...tags].slice(0, wordsMax).map(joinWords));
  const lexemes = [
    wordLexeme(orgId, "x", nameKey),
    wordLexeme(orgId, "x", joinWords(schemaName) + nameKey),
    ...nameWords.map((word) => wordLexeme(orgId, "n", word)),
    ...[...parts].map((part) => wordLexeme(orgId, "i", part)),
    ...[...words].map((word) => wordLexeme(orgId, "w", word)),
    filterLexeme(orgId, "s", sourceId),
    filterLexeme(orgId, "a", row.namespace),
    ...(schemaName === "" ? [] : [filterLexeme(orgId, "h", schemaName)]),
    ...(owner === "" ? [] : [filterLexeme(orgId, "o", owner)]),
    ...tags.map((tag) => filterLexeme(orgId, "t", tag)),
    ...piiClasses.map((piiClass) => filterLexeme(orgId, "p", piiClass)),
  ];
  return {
    tableId,
    sourceId,
    schemaName,
    nameKey: [...nameKey].slice(0, nameKeyCharactersMax).join(""),
    tags,
    owner,
    piiClasses,
    lexemes: [...new Set(lexemes)],
    words: [...words],
  };
}
