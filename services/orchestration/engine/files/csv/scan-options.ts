import type { Automaton } from "./automaton.ts";
import type { Form } from "./forms.ts";

/** How a CSV is written that needs no rewriting: one byte between fields, quotes doubled within quotes. */
export type PlainDialect = {
  readonly delimiter: number;
  /** Undefined where nothing is quoted. */
  readonly quote: number | undefined;
};

/** What is scanned for: plain, so that a worker can be told. */
export type ScanOptions = {
  readonly dialect: PlainDialect;
  readonly columnCount: number;
  readonly forms: readonly Form[];
  readonly automaton: Automaton;
  /** The byte before a fraction. */
  readonly decimalMark: number;
};
