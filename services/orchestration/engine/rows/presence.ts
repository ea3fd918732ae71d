/** Which rows of a row group have a value. */
export type Presence = {
  rowCount: number;
  nullCount: number;
  present: Uint8Array;
};

const rowsMin = 1024;

/** With as much room as the row group before took. */
export const createPresence = (before?: Presence): Presence => ({
  rowCount: 0,
  nullCount: 0,
  present: allPresent(before ? before.present.length * 8 : rowsMin),
});

const allPresent = (rows: number): Uint8Array => new Uint8Array(rows / 8).fill(0xff);

/** Makes room for more rows, all of which have a value until told otherwise. */
export function growPresence(presence: Presence, rows: number): void {
  const wanted = presence.rowCount + rows;
  let room = presence.present.length * 8;
  if (wanted <= room) return;
  while (room < wanted) room *= 2;
  const grown = allPresent(room);
  grown.set(presence.present);
  presence.present = grown;
}

/** The row at a place has no value. */
export function setMissing(presence: Presence, row: number): void {
  presence.nullCount += 1;
  const index = row >> 3;
  presence.present[index] = (presence.present[index] as number) & ~(1 << (row & 7));
}

/** The row of the value that has so many before it; the number of rows where there is none. */
export function rowOfValue({ present, rowCount, nullCount }: Presence, index: number): number {
  if (nullCount === 0) return index;
  let before = 0;
  for (let row = 0; row < rowCount; row += 1) {
    if (((present[row >> 3] as number) & (1 << (row & 7))) === 0) continue;
    if (before === index) return row;
    before += 1;
  }
  return rowCount;
}
