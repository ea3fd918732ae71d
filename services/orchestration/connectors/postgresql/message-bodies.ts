/** What a column's description has behind its name: numbers of its table and type, its size and format. */
const describedBytes = 18;

/** Columns of a RowDescription; undefined when it is not what its own number says. */
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

/** Whether a DataRow has as many values as it should, which fill it. */
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
