import { afterAll, beforeAll } from "vitest";

/**
 * Makes a resource before the tests of a file, after those that the file names earlier, and disposes it after them. It is
 * available while a test runs.
 */
export function forFile<Made>(make: () => Made | Promise<Made>): () => Made {
  let made: { value: Made } | undefined;
  beforeAll(async () => {
    made = { value: await make() };
  });
  afterAll(async () => {
    if (isDisposable(made?.value)) await made.value[Symbol.asyncDispose]();
  });
  return () => {
    if (!made) throw new Error("it is made before the first test, and not while tests are collected");
    return made.value;
  };
}

const isDisposable = (value: unknown): value is AsyncDisposable =>
  typeof value === "object" && value !== null && Symbol.asyncDispose in value;
