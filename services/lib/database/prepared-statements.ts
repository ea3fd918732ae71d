import { type SQL, sql } from "drizzle-orm";

/**
 * Begin of a statement that connections keep prepared: PostgreSQL parses it once for each, and it takes one round trip instead
 * of two. For statements that come often, and in few texts.
 */
export const prepared: SQL = sql.raw("/* prepared */ ");

const mark = "/* prepared */ ";

const textsMax = 64;
/** A longer text takes megabytes of each connection. */
const charactersMax = 4096;
/** Connections keep what they have prepared until they end, which the driver makes them do within this time. */
const windowMs = 60 * 60 * 1000;

/** Which marked statements are prepared: the first of each period, so that no variety of texts fills the server's memory. */
export function createPreparation(now: () => number = Date.now): (text: string) => boolean {
  const texts = new Set<string>();
  let endMs = now() + windowMs;
  return (text) => {
    if (!text.startsWith(mark) || text.length > charactersMax) return false;
    if (now() >= endMs) {
      texts.clear();
      endMs = now() + windowMs;
    }
    if (texts.size < textsMax) texts.add(text);
    return texts.has(text);
  };
}
