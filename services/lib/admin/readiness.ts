/** Whether a part of the process can do its work. Never rejects. */
export type ReadinessCheck = () => Promise<boolean> | boolean;

// The parts of a process are independent; it is ready when all of them are.
const checks = new Map<symbol, { readonly name: string; readonly check: ReadinessCheck }>();

/** Adds a check until disposed. `name` is the part's, such as `identity`. */
export function addReadinessCheck(name: string, check: ReadinessCheck): Disposable {
  const key = Symbol(name);
  checks.set(key, { name, check });
  return { [Symbol.dispose]: () => void checks.delete(key) };
}

/** Readiness of each part, by name. */
export async function readinessOf(): Promise<Readonly<Record<string, boolean>>> {
  const results = await Promise.all(
    [...checks.values()].map(async ({ name, check }) => [name, await check()] as const),
  );
  return Object.fromEntries(results.sort(([one], [other]) => (one < other ? -1 : 1)));
}
