import { EngineFailure } from "../engine-failure.ts";

/** What comes is not what a server sends. */
export const rowsInvalid = (problem: string) =>
  new EngineFailure("sourceDataInvalid", `what the source sent is no binary COPY: ${problem}`);

/** A value that its column's type in the file does not have. */
export const valueInvalid = (column: string, problem: string) =>
  new EngineFailure("sourceDataInvalid", `column ${JSON.stringify(column)}: ${problem}`);
