import { type SQL, sql } from "drizzle-orm";

/**
 * Values as one parameter, however many: a statement with thousands of parameters takes longer to write and to plan than
 * to run.
 */
export const texts = (values: readonly (string | null)[]): SQL => sql`${sql.param([...values])}::text[]`;

/** Ids as one parameter. */
export const uuids = (values: readonly (string | null)[]): SQL => sql`${sql.param([...values])}::uuid[]`;
