import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { LentFileSchema } from "../../../gen/sluice/common/v1/lent_files_pb.ts";
import { lentFileName, sharedFolderIdFile } from "../../lib/shared-folder.ts";
import type { ChunkFile } from "../connectors/connector.ts";

/**
 * A folder of links to files that storage may read, each under a name that nobody can guess: who is told of one can't
 * name another.
 */
export type LentFolder = {
  /** Lends a file until a signal aborts; undefined where it can't be linked to. */
  lend(file: ChunkFile, until: AbortSignal): Promise<MessageInitShape<typeof LentFileSchema> | undefined>;
};

/** Opens the folder, which belongs to this process alone. What an earlier one lent is gone. */
export async function openLentFolder(directory: string): Promise<LentFolder> {
  const known = await readFile(join(directory, sharedFolderIdFile), "utf8").catch(() => undefined);
  const folderId = known ?? randomUUID();
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(join(directory, sharedFolderIdFile), folderId, { mode: 0o644 });
  return {
    async lend({ path, sha256, sizeBytes }, until) {
      const name = randomUUID();
      const lent = join(directory, lentFileName({ name, sha256 }));
      try {
        await link(path, lent);
      } catch {
        return undefined;
      }
      const takeBack = () => void rm(lent, { force: true }).catch(() => {});
      until.addEventListener("abort", takeBack, { once: true });
      if (until.aborted) takeBack();
      return { folderId, name, sha256, sizeBytes: BigInt(sizeBytes) };
    },
  };
}
