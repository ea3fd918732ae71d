import { expect, test, vi } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { QuotaService } from "../../gen/sluice/storage/v1/quota_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal, type RunningService } from "../lib/test-mesh.ts";
import {
  chunkPart,
  failureOf,
  generated,
  kib,
  openUpload,
  setQuota,
  startStorage,
  upload,
  usage,
  usageOf,
} from "./fixtures.ts";
import { spawnStorage } from "./storage-process.ts";

// The second process of storage takes seconds to start.
vi.setConfig({ testTimeout: 120_000 });

const scene = forFile(async () => {
  await using stack = new AsyncDisposableStack();
  const own = stack.use(await startStorage({ heartbeatLostMs: 2 ** 30 }));
  // From now on the database itself refuses every state that exceeds a limit.
  for (const table of ["quotas", "namespace_quotas"])
    await own.database.sql.unsafe(`alter table storage.${table}
      add check (used_bytes + reserved_bytes <= limit_bytes), add check (file_count + reserved_files <= limit_files)`);
  const other = stack.use(await spawnStorage(own.database, own.directory));
  const owned = stack.move();
  return { own, other, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
});

const count = 50;
const sizes = { small: 60 * kib, large: 300 * kib };

/** Fifty uploads at once, to two processes, half of them with an announced size. Returns how many are stored. */
async function race(who: Principal, sizeBytes: number): Promise<number> {
  const { own, other } = scene();
  const uploads = Array.from({ length: count }, (_, index) =>
    upload(index % 2 === 0 ? own : other, who, {
      content: generated(sizeBytes, index + 1),
      ...(index % 4 < 2 && { sizeBytes: BigInt(sizeBytes) }),
    }),
  );
  const outcomes = await Promise.allSettled(uploads);
  const refused = uploads.filter((_, index) => outcomes[index]?.status === "rejected");
  for (const failure of await Promise.all(refused.map(failureOf)))
    expect(failure).toMatchObject({ code: "ResourceExhausted", reason: "QUOTA_EXCEEDED" });
  return count - refused.length;
}

test.each(Object.entries(sizes))(
  "ResourceExhausted: of fifty %s uploads, exactly those beyond the bytes or the files of the quota",
  async (_name, sizeBytes) => {
    for (const [limitBytes, limitFiles, expected] of [
      [count * sizeBytes, count, count],
      [count * sizeBytes - 1, count, count - 1],
      [count * sizeBytes, count - 3, count - 3],
      [2.5 * sizeBytes, count, 2],
    ] as const) {
      const who = principal();
      const quota = { limitBytes: BigInt(limitBytes), limitFiles: BigInt(limitFiles) };
      await scene().own.client(QuotaService, who).setQuota({ quota });
      expect(await race(who, sizeBytes)).toBe(expected);
      expect(await usageOf(scene().own, who)).toEqual(usage(expected * sizeBytes, expected));
    }
  },
);

/** An upload of unknown size that has sent 1 KiB. It holds quota in advance. */
async function holdAhead(service: RunningService, who: Principal, expectedBytes: number) {
  const running = openUpload(service, who);
  running.send(chunkPart(Buffer.alloc(kib)));
  await expect
    .poll(() => usageOf(scene().own, who), { timeout: 20_000 })
    .toMatchObject({ reservedBytes: BigInt(expectedBytes) });
  return running;
}

test("OK: uploads of unknown size give others what they hold in advance, in another process, too", async () => {
  const { own, other } = scene();
  const who = principal();
  await setQuota(own, who, 1000 * kib);
  const running = await holdAhead(other, who, 1000 * kib);
  await upload(own, who, { content: generated(100 * kib, 1) });
  // Both hold again what is left, the second one exactly what has arrived.
  const second = openUpload(own, who, { sizeBytes: BigInt(890 * kib) });
  second.send(chunkPart(generated(890 * kib, 2)));
  second.end();
  await second.answer;
  const files = own.client(FileService, who);
  expect((await files.listFiles({})).files.map(({ sizeBytes }) => Number(sizeBytes))).toEqual([
    890 * kib,
    100 * kib,
  ]);
  running.send(chunkPart(Buffer.alloc(9 * kib)));
  running.end();
  await running.answer;
  expect(await usageOf(own, who)).toEqual(usage(1000 * kib, 3));
});

test("ResourceExhausted: an upload that needs what others took from it in the meantime, and nothing of it is left", async () => {
  const { own, other } = scene();
  const who = principal();
  await setQuota(own, who, 1000 * kib);
  const running = await holdAhead(own, who, 1000 * kib);
  await upload(other, who, { content: generated(900 * kib, 3) });
  running.send(chunkPart(Buffer.alloc(100 * kib)));
  running.end();
  expect(await failureOf(running.answer)).toMatchObject({ reason: "QUOTA_EXCEEDED" });
  await expect.poll(() => usageOf(own, who)).toEqual(usage(900 * kib, 1));
});
