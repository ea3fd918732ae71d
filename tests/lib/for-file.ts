import { afterAll, beforeAll } from "vitest";

/** Starts a resource before the tests of a file and disposes it after them. It is available while a test runs. */
export function forFile<Started extends AsyncDisposable>(start: () => Promise<Started>): () => Started {
  let started: Started | undefined;
  beforeAll(async () => {
    started = await start();
  });
  afterAll(() => started?.[Symbol.asyncDispose]());
  return () => {
    if (!started) throw new Error("it is started before the first test, and not while tests are collected");
    return started;
  };
}
