/** Keeps the best few of many rows. */
export type Top = {
  add(row: number, score: number): void;
  /** Rows in no particular order. */
  rows(): number[];
};

/** `comesBefore` orders rows of the same score. */
export function createTop(size: number, comesBefore: (row: number, other: number) => boolean): Top {
  // A heap whose first entry is the worst.
  const rows: number[] = [];
  const scores: number[] = [];

  const at = (index: number) => ({ row: rows[index] ?? 0, score: scores[index] ?? 0 });
  const isWorse = (left: number, right: number): boolean => {
    const [one, other] = [at(left), at(right)];
    return one.score === other.score ? comesBefore(other.row, one.row) : one.score < other.score;
  };
  const swap = (left: number, right: number): void => {
    const [one, other] = [at(left), at(right)];
    [rows[left], scores[left]] = [other.row, other.score];
    [rows[right], scores[right]] = [one.row, one.score];
  };
  const rise = (start: number): void => {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isWorse(index, parent)) return;
      swap(index, parent);
      index = parent;
    }
  };
  const sink = (): void => {
    let index = 0;
    for (;;) {
      let worst = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < rows.length && isWorse(child, worst)) worst = child;
      }
      if (worst === index) return;
      swap(index, worst);
      index = worst;
    }
  };

  return {
    add(row, score) {
      if (rows.length < size) {
        rows.push(row);
        scores.push(score);
        rise(rows.length - 1);
        return;
      }
      const worst = at(0);
      if (score < worst.score || (score === worst.score && !comesBefore(row, worst.row))) return;
      [rows[0], scores[0]] = [row, score];
      sink();
    },
    rows: () => [...rows],
  };
}
