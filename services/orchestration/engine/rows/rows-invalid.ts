import { EngineFailure } from "../engine-failure.ts";

/** The source does not follow the COPY protocol. */
export const rowsInvalid = (problem: string) =>
  new EngineFailure("sourceDataInvalid", `what the source sent is no binary COPY: ${problem}`);

/** A value that the column's type in the file can't represent. */
export const valueInvalid = (column: string, problem: string) =>
  new EngineFailure("sourceDataInvalid", `column ${JSON.stringify(column)}: ${problem}`);
