import { type SQL, type SQLWrapper, sql } from "drizzle-orm";

// Expressions of the indexes of lists. A query uses an index only if it has the same expression.

/** A text in the order of its code points, which is the same on every server. */
export const byCodePoints = (column: SQLWrapper): SQL => sql`${column} collate "C"`;

/** A time that can be unset, which counts as later than every other. */
export const unsetIsLate = (column: SQLWrapper): SQL => sql`coalesce(${column}, 'infinity')`;

/** The parts of a text of three characters, in lower case, for a GIN index: of `pg_trgm`, which `provision` creates. */
export const trigrams = (column: SQLWrapper): SQL => sql`lower(${column}) public.gin_trgm_ops`;
