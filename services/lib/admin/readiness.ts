/** Answers whether a part of the process can do its work, and rejects never. */
export type ReadinessCheck = () => Promise<boolean> | boolean;

// A process has parts that know nothing of each other; together they say whether it is ready.
const checks = new Map<symbol, { readonly name: string; readonly check: ReadinessCheck }>();

/** Has a part asked whether it is ready, until disposed. `name` is the part's, as `identity`. */
export function addReadinessCheck(name: string, check: ReadinessCheck): Disposable {
  const key = Symbol(name);
  checks.set(key, { name, check });
  return { [Symbol.dispose]: () => void checks.delete(key) };
}

/** Which parts can do their work, by their names. */
export async function readinessOf(): Promise<Readonly<Record<string, boolean>>> {
  const answers = await Promise.all(
    [...checks.values()].map(async ({ name, check }) => [name, await check()] as const),
  );
  return Object.fromEntries(answers.sort(([one], [other]) => (one < other ? -1 : 1)));
}
