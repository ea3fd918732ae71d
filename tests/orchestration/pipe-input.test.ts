import { closeSync, constants } from "node:fs";
import { open } from "node:fs/promises";
import { expect, test } from "vitest";
import { openWriter } from "../../services/orchestration/engine/pipes/open-writer.ts";
import { openEnd } from "../../services/orchestration/engine/pipes/pipe-ends.ts";
import { openPipes, type Pipes } from "../../services/orchestration/engine/pipes/pipes.ts";
import { forFile } from "../lib/for-file.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";

const folder = forFile(temporaryFolder);

const signal = AbortSignal.timeout(30_000);
const never = new Promise<never>(() => {});

async function write(pipes: Pipes, text: string): Promise<void> {
  const pipe = openWriter(pipes.inputPath);
  await new Promise<void>((resolve, reject) => pipe.end(text, () => resolve()).on("error", reject));
}

async function readAll(path: string): Promise<string> {
  await using file = await open(path, "r");
  return await file.readFile("utf8");
}

test("OK: what was written before anybody read is read, and then the end", async () => {
  await using pipes = await openPipes(folder().path);
  await write(pipes, "rows");
  const ended = pipes.endInput(never, signal);
  expect(await readAll(pipes.inputPath)).toBe("rows");
  await ended;
});

test("OK: a writer that is gone is no end", async () => {
  await using pipes = await openPipes(folder().path);
  let text: string | undefined;
  const reading = readAll(pipes.inputPath).then((read) => {
    text = read;
  });
  await write(pipes, "half of the rows");
  expect(text).toBeUndefined();
  await write(pipes, ", and the others");
  expect(text).toBeUndefined();
  await pipes.endInput(never, signal);
  await reading;
  expect(text).toBe("half of the rows, and the others");
});

test("OK: a reader that wanted no more is not waited for", async () => {
  await using pipes = await openPipes(folder().path);
  await write(pipes, "rows");
  closeSync(openEnd(pipes.inputPath, constants.O_RDONLY));
  await pipes.endInput(Promise.resolve(), signal);
});

test("rejects with the signal's reason while nobody reads", async () => {
  await using pipes = await openPipes(folder().path);
  const stop = new AbortController();
  const ended = pipes.endInput(never, stop.signal);
  stop.abort(new Error("the caller has gone"));
  await expect(ended).rejects.toThrow("the caller has gone");
});
