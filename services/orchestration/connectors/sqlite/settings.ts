import { z } from "zod";
import { databaseFileSettings } from "../database-file/settings.ts";
import { columnTypes } from "./reading/column-type.ts";

const name = z.string().min(1).max(1000);

/** Name of the connector. */
export const sqliteName = "sqlite";

/** Settings of a source on a SQLite database. */
export const sqliteSettings = z.strictObject({
  ...databaseFileSettings,
  columnTypes: z
    .record(name, z.record(name, z.enum(columnTypes)))
    .optional()
    .describe(
      'Types of columns instead of the declared ones, by table and column, as {"orders": {"placed": "VARCHAR"}}.',
    ),
});

export type ColumnTypes = NonNullable<z.output<typeof sqliteSettings>["columnTypes"]>;
