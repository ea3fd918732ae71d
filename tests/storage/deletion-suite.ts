import { expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import type { Limits } from "../../services/storage/limits.ts";
import { createTestDatabase } from "../lib/test-database.ts";
import { principal, type RunningService, temporaryFolder } from "../lib/test-mesh.ts";
import {
  download,
  failureOf,
  fileMissing,
  generated,
  mib,
  type OpenStore,
  startStorageIn,
  upload,
} from "./fixtures.ts";

/** Collects at once what no file uses. */
const collecting: Partial<Limits> = { graceMs: 0, collectMs: 10, searchMs: 0 };

/** Reads a file to its end, or to the error of a deletion. Returns the bytes that came. */
async function readSome(service: RunningService, who: Principal, fileId: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const reading = async () => {
    for await (const { data } of service.client(FileService, who).downloadFile({ fileId })) chunks.push(data);
  };
  const failure = await failureOf(reading()).catch(() => undefined);
  if (failure) expect(["DataLoss", "NotFound", "Unavailable"]).toContain(failure.code);
  return Buffer.concat(chunks);
}

/** How the service behaves on a store that several processes share while they delete and read the same content. */
export function deletionSuite(name: string, openStore?: () => OpenStore): void {
  test(`OK: ${name}: while two processes delete a content again and again, a third one reads it or an error, and no other byte`, async () => {
    await using database = await createTestDatabase();
    await using folder = await temporaryFolder();
    const start = (limits: Partial<Limits>) => startStorageIn(database, folder.path, limits, openStore?.());
    await using one = await start(collecting);
    await using other = await start(collecting);
    await using reader = await start({});
    const who = principal();
    const content = generated(6 * mib, 77);
    for (let round = 0; round < 4; round += 1) {
      const { fileId } = await upload(round % 2 === 0 ? one : other, who, { content });
      const deletion = (round % 2 === 0 ? other : one).client(FileService, who).deleteFile({ fileId });
      const [read] = await Promise.all([readSome(reader, who, fileId), deletion]);
      expect(read.equals(content.subarray(0, read.length))).toBe(true);
      expect(await failureOf(download(reader, who, { fileId }))).toEqual(fileMissing(fileId));
    }
    const { fileId } = await upload(reader, who, { content });
    expect((await download(one, who, { fileId })).bytes.equals(content)).toBe(true);
    expect((await download(other, who, { fileId })).bytes.equals(content)).toBe(true);
  });
}
