import type { SpelledValue } from "./spelled-value.ts";

/** Result of a statement. Each row has one value per column. */
export type QueryResult = {
  readonly columns: readonly { readonly name: string; readonly dataType: string }[];
  readonly rows: readonly (readonly SpelledValue[])[];
  /** Whether there are more rows. */
  readonly truncated: boolean;
};
