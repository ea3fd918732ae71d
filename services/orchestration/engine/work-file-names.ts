/**
 * File names in the work folder of an engine process. They are relative, because the folder is the working directory of the
 * process and its user may have no access to the folders above.
 */
export const inputName = "sluice_input";
/**
 * An input that is a database, and its log, which there is not, but DuckDB looks for it. DuckDB opens databases by absolute
 * paths only; this one leads to the folder without the folders above.
 */
const folderPath = process.platform === "linux" ? "/proc/self/cwd/" : "";
export const databasePath = `${folderPath}${inputName}`;
export const databaseLogPath = `${databasePath}.wal`;
export const outputName = "sluice_output";
export const spillName = "sluice_spill";
/** The input after decompression and decoding to UTF-8. */
export const plainName = "sluice_plain";
/** The input after a rewrite that lets DuckDB read every value exactly. */
export const normalName = "sluice_normal";
/** The prepared Parquet file before it is sent through the pipe. */
export const preparedName = "sluice_prepared";
/** One of the inputs of a task with several. */
export const inputNameOf = (index: number): string => `${inputName}_${index}`;
