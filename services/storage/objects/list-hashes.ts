import { join } from "node:path";
import { namesIn } from "./file-system.ts";

const batchMin = 1000;
const hashForm = /^[0-9a-f]{64}$/;

/** Hashes of the files in `ab/cd/<hash>` below a folder, in batches of at least 1000 except the last. */
export async function* listHashes(folder: string): AsyncIterable<string[]> {
  let batch: string[] = [];
  for (const outer of await namesIn(folder)) {
    for (const inner of await namesIn(join(folder, outer))) {
      const names = await namesIn(join(folder, outer, inner));
      batch.push(...names.filter((name) => hashForm.test(name)));
      if (batch.length < batchMin) continue;
      yield batch;
      batch = [];
    }
  }
  yield batch;
}
