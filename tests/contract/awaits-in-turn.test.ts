import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findAwaitsInTurn } from "../../tools/test-run/find-awaits-in-turn.ts";

const root = join(import.meta.dirname, "../..");

test("no loop of a test awaits promises one after the other that were begun together", async () => {
  const names = (await readdir(join(root, "tests"), { recursive: true })).filter((name) =>
    name.endsWith(".ts"),
  );
  const found = names.map(async (name) => {
    const path = `tests/${name}`;
    const lines = findAwaitsInTurn(path, await readFile(join(root, path), "utf8"));
    return lines.map((line) => `${path}:${line}`);
  });
  expect((await Promise.all(found)).flat()).toEqual([]);
});

test.each([
  ["a promise", "for (const call of calls) expect(await call).toBe(1);"],
  ["a promise's failure", "for (const call of calls) expect(await failureOf(call)).toBe(1);"],
  ["its rejection", 'for (const call of calls) await expect(call).rejects.toThrow("no");'],
  ["a promise with its index", "for (const [at, call] of calls.entries()) {\n  await call;\n}"],
])("found: %s of a list", (_, text) => {
  expect(findAwaitsInTurn("a.ts", `const before = 1;\n${text}`)).toHaveLength(1);
});

test.each([
  ["calls that begin in the loop", "for (const id of ids) expect(await failureOf(get(id))).toBe(1);"],
  ["a loop over what has been awaited", "for (const one of await Promise.all(calls)) expect(one).toBe(1);"],
  ["an asynchronous iterator", "for await (const one of stream) await one;"],
  ["values that are polled", "for (const id of ids) await expect.poll(() => read(id)).toBe(1);"],
])("left alone: %s", (_, text) => {
  expect(findAwaitsInTurn("a.ts", text)).toEqual([]);
});
