import { fold, type Json } from "./rule.ts";

/**
 * Allowed functions, and words that stand for them, whose results depend on more than their arguments. DuckDB's catalogue says
 * so of most; of the others because they compare with the present, look up an offset that holds today, or draw a sample.
 * tests/orchestration/gate-catalogue.test.ts finds each function that the catalogue does not call CONSISTENT.
 * @internal Exported for that test.
 */
export const changingFunctions: ReadonlySet<string> = new Set(
  `age ago current_date current_localtime current_localtimestamp current_time current_timestamp gen_random_uuid
   get_current_time get_current_timestamp localtime localtimestamp now random reservoir_quantile timezone today
   transaction_timestamp uuid uuidv4 uuidv7`
    .trim()
    .split(/\s+/),
);

/** Draws other rows each time. */
const sampleOperator = "logical_sample";

/** Key of a type's name, such as UUID. */
const typeKey = "id";

/**
 * Whether an accepted statement has the same result each time it runs on the same table, as far as SQL defines it: any text in
 * its tree or plan that names a changing function says no, even if it is only the name of a column. The tree is needed because
 * binding evaluates the parameters of table functions, the plan because it resolves macros. Rows without an order, and sums of
 * floating-point numbers, may differ between two runs; each of them is a result of the statement.
 */
export function isRepeatable(...parts: readonly Json[]): boolean {
  const queue: Json[] = [...parts];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (typeof next === "string" && isChanging(fold(next))) return false;
    if (next === null || typeof next !== "object") continue;
    for (const [key, inner] of Object.entries(next)) if (key !== typeKey) queue.push(inner);
  }
  return true;
}

const isChanging = (word: string): boolean => changingFunctions.has(word) || word === sampleOperator;
