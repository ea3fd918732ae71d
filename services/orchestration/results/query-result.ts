import type { EncodedValue } from "./encoded-value.ts";

/** Result of a statement. Each row has one value per column. */
export type QueryResult = {
  readonly columns: readonly { readonly name: string; readonly dataType: string }[];
  readonly rows: readonly (readonly EncodedValue[])[];
  /** Whether there are more rows. */
  readonly truncated: boolean;
};
