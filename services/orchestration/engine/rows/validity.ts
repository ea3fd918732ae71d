/** Which rows of a row group are not null. */
export type Validity = {
  rowCount: number;
  nullCount: number;
  present: Uint8Array;
};

const rowsMin = 1024;

/** Starts with the capacity that the previous row group needed. */
export const createValidity = (previous?: Validity): Validity => ({
  rowCount: 0,
  nullCount: 0,
  present: allValid(previous ? previous.present.length * 8 : rowsMin),
});

const allValid = (rows: number): Uint8Array => new Uint8Array(rows / 8).fill(0xff);

/** Makes room for more rows, which are valid until set to null. */
export function growValidity(validity: Validity, rows: number): void {
  const wanted = validity.rowCount + rows;
  let capacity = validity.present.length * 8;
  if (wanted <= capacity) return;
  while (capacity < wanted) capacity *= 2;
  const grown = allValid(capacity);
  grown.set(validity.present);
  validity.present = grown;
}

export function setNull(validity: Validity, row: number): void {
  validity.nullCount += 1;
  const index = row >> 3;
  validity.present[index] = (validity.present[index] as number) & ~(1 << (row & 7));
}

/** The row of the non-null value with this index; the number of rows if there is none. */
export function rowOfValue({ present, rowCount, nullCount }: Validity, index: number): number {
  if (nullCount === 0) return index;
  let previous = 0;
  for (let row = 0; row < rowCount; row += 1) {
    if (((present[row >> 3] as number) & (1 << (row & 7))) === 0) continue;
    if (previous === index) return row;
    previous += 1;
  }
  return rowCount;
}
