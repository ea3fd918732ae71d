/** Bytes of a column's description after its name: OIDs of table and type, size, format. */
const describedBytes = 18;

/** Number of columns in a RowDescription; undefined if its length does not match. */
export function countColumns(body: Buffer): number | undefined {
  if (body.length < 2) return undefined;
  const count = body.readUInt16BE(0);
  let at = 2;
  for (let index = 0; index < count; index += 1) {
    const end = body.indexOf(0, at);
    if (end < 0) return undefined;
    at = end + 1 + describedBytes;
  }
  return at === body.length ? count : undefined;
}

/** Whether a DataRow has the expected number of values, and they fill it exactly. */
export function isRow(body: Buffer, columns: number): boolean {
  if (body.length < 2 || body.readUInt16BE(0) !== columns) return false;
  let at = 2;
  for (let index = 0; index < columns; index += 1) {
    if (at + 4 > body.length) return false;
    const length = body.readInt32BE(at);
    if (length < -1) return false;
    at += 4 + Math.max(0, length);
  }
  return at === body.length;
}
