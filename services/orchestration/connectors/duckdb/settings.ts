import { z } from "zod";
import { databaseFileSettings } from "../database-file/settings.ts";

/** Name of the connector. */
export const duckdbName = "duckdb";

/** Settings of a source on a DuckDB database. */
export const duckdbSettings = z.strictObject(databaseFileSettings);
