/** Bytes of a value by its type, about. Texts and nested values are taken for short ones. */
const widths: readonly (readonly [RegExp, number])[] = [
  [/^(BOOLEAN|U?TINYINT)$/, 1],
  [/^U?SMALLINT$/, 2],
  [/^(U?INTEGER|FLOAT|DATE)$/, 4],
  [/^(HUGEINT|UHUGEINT|UUID|INTERVAL)$/, 16],
  [/^(U?BIGINT|DOUBLE|TIME|TIMESTAMP|DECIMAL)/, 8],
];
const textBytes = 24;

const widthOf = (dataType: string): number =>
  widths.find(([pattern]) => pattern.test(dataType))?.[1] ?? textBytes;

/** Estimated bytes of rows with columns of these types. */
export const estimateBytes = (rowCount: number, dataTypes: readonly string[]): number =>
  Math.round(rowCount * dataTypes.reduce((sum, dataType) => sum + widthOf(dataType), 0));

const smallBytesMax = 64 * 1024 ** 2;
const mediumBytesMax = 1024 ** 3;

export type CostClass = "small" | "medium" | "large" | "unknown";

/** Class of a statement that reads so much; undefined if it is not known. */
export function costClassOf(bytes: number | undefined): CostClass {
  if (bytes === undefined) return "unknown";
  if (bytes <= smallBytesMax) return "small";
  return bytes <= mediumBytesMax ? "medium" : "large";
}
