import type { Comparison } from "../../connector.ts";

/** Conditions on a column, and MySQL's type that their values are cast to; empty for texts. */
export type ValueComparison = Comparison & { readonly valueType: string };

export const ordered = (valueType: string): ValueComparison => ({
  operators: "order",
  isExact: true,
  hasAllNulls: true,
  valueType,
});

/** Dates that no calendar has match or not, and may be read as nulls. */
export const orderedDate = (valueType: string): ValueComparison => ({
  operators: "order",
  isExact: false,
  hasAllNulls: false,
  valueType,
});

/** Equal texts are equal by every collation; others may be, too, and their order may differ. */
export const equatable: ValueComparison = {
  operators: "equality",
  isExact: false,
  hasAllNulls: true,
  valueType: "",
};
