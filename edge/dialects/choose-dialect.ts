import type { Dialect } from "./dialect.ts";
import { google } from "./google.ts";

/** The dialect of a raw path. */
export type ChooseDialect = (path: string) => Dialect;

/** Google's JSON is the dialect of every path that none of the others owns. */
export const createChooseDialect =
  (others: readonly Dialect[]): ChooseDialect =>
  (path) =>
    others.find((dialect) => dialect.owns(path)) ?? google;
