import { sql } from "drizzle-orm";
import type { Db } from "../../../lib/database/database.ts";
import { searchWords } from "../catalog-schema.ts";
import { errorsAllowed, isSimilar } from "./edit-distance.ts";

/** Words that are compared by their errors, and those that are searched then. */
const candidatesMax = 200;
const similarMax = 20;
/** Least share of common trigrams. The lowest that one error leaves in most words of four characters and more. */
const similarityMin = 0.2;

/** Words of the organisation that differ from these by a typing error or two. */
export async function findSimilarWords(
  db: Db,
  orgId: string,
  words: readonly string[],
): Promise<Map<string, string[]>> {
  const searched = words.filter((word) => errorsAllowed(word) > 0);
  if (searched.length === 0) return new Map();
  const rows = await db.transaction(async (tx) => {
    await tx.execute(
      sql`select set_config('pg_trgm.similarity_threshold', ${String(similarityMin)}::text, true)`,
    );
    return tx.execute<{ word: string; other: string }>(sql`
      select given.word, near.word as other
      from jsonb_array_elements_text(${JSON.stringify(searched)}::text::jsonb) as given (word)
      cross join lateral (
        select known.word from ${searchWords} as known
        where known.org_id = ${orgId}::uuid and known.word operator(public.%) given.word
          and abs(char_length(known.word) - char_length(given.word)) <= 2
        order by public.similarity(known.word, given.word) desc, known.word collate "C"
        limit ${candidatesMax}::int
      ) as near`);
  });
  return new Map(
    searched.map((word) => {
      const others = rows.filter((row) => row.word === word && row.other !== word).map(({ other }) => other);
      return [word, nearestOf(word, others).slice(0, similarMax)];
    }),
  );
}

/** Those with the fewest errors. */
function nearestOf(word: string, others: readonly string[]): string[] {
  for (let errors = 1; errors <= errorsAllowed(word); errors++) {
    const near = others.filter((other) => isSimilar(word, other, errors));
    if (near.length > 0) return near;
  }
  return [];
}
