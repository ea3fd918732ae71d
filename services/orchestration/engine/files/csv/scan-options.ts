import type { Automaton } from "./automaton.ts";
import type { Form } from "./forms.ts";

/** A dialect that needs no rewriting: one-byte delimiter, doubled quotes. */
export type PlainDialect = {
  readonly delimiter: number;
  /** Undefined if fields are never quoted. */
  readonly quote: number | undefined;
};

/** Options of a scan; plain data, because workers get a copy. */
export type ScanOptions = {
  readonly dialect: PlainDialect;
  readonly columnCount: number;
  readonly forms: readonly Form[];
  readonly automaton: Automaton;
  /** The decimal separator. */
  readonly decimalMark: number;
};
