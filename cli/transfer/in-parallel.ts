/** Works on all items, on some of them at the same time. Later items still get their turn when one fails; the first failure is thrown then. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const failures: unknown[] = [];
  const queue = items.entries();
  const runNext = async () => {
    // The workers share one iterator, so each item is taken once.
    for (const [at, item] of queue) {
      try {
        results[at] = await work(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, runNext));
  if (failures.length > 0) throw failures[0];
  return results;
}
