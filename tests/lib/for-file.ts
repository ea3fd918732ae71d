import { afterAll, beforeAll } from "vitest";

/** Starts something before a file's tests, and ends it after them. It is there while a test runs. */
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
