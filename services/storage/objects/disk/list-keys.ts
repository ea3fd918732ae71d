import { join } from "node:path";
import type { ObjectKey } from "../object-store.ts";
import { namesIn } from "./file-system.ts";

const batchMin = 1000;
const hashForm = /^[\da-f]{64}$/;
const orgForm = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Keys of the files in `<org>/ab/cd/<hash>` below a folder, in batches of at least 1000 except the last. */
export async function* listKeys(folder: string): AsyncGenerator<ObjectKey[], void> {
  let batch: ObjectKey[] = [];
  for (const orgId of (await namesIn(folder)).filter((name) => orgForm.test(name))) {
    for await (const sha256s of listHashes(join(folder, orgId))) {
      batch.push(...sha256s.map((sha256) => ({ orgId, sha256 })));
      if (batch.length < batchMin) continue;
      yield batch;
      batch = [];
    }
  }
  yield batch;
}

/** Hashes of the files in `ab/cd/<hash>` below a folder, one innermost folder at a time. */
export async function* listHashes(folder: string): AsyncGenerator<string[], void> {
  for (const outer of await namesIn(folder)) {
    for (const inner of await namesIn(join(folder, outer))) {
      const names = await namesIn(join(folder, outer, inner));
      yield names.filter((name) => hashForm.test(name));
    }
  }
}
