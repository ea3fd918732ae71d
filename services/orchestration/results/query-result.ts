import type { SpelledValue } from "./spelled-value.ts";

/** Rows of a statement, each with a value for each column. */
export type QueryResult = {
  readonly columns: readonly { readonly name: string; readonly dataType: string }[];
  readonly rows: readonly (readonly SpelledValue[])[];
  /** Whether there are more rows. */
  readonly truncated: boolean;
};
