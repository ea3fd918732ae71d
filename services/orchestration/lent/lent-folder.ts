import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { LentFileSchema } from "../../../gen/sluice/common/v1/lent_files_pb.ts";
import { lentFileName, sharedFolderIdFile } from "../../lib/content/shared-folder.ts";
import type { ChunkFile } from "../connectors/connector.ts";

/** A folder of files that storage may read. Names are random, so that knowing one file does not give access to others. */
export type LentFolder = {
  /** Lends a file by a hard link; undefined if the file system refuses the link. */
  lend(file: ChunkFile): Promise<Loan | undefined>;
  /** Path for a new file that will be lent. */
  draftPath(): string;
  /** Lends a draft, which is renamed. */
  lendDraft(path: string, content: { sha256: string; sizeBytes: number }): Promise<Loan>;
};

/** A lent file. Disposing it deletes the link. */
export type Loan = AsyncDisposable & { readonly file: MessageInitShape<typeof LentFileSchema> };

/** Opens the folder, which is exclusive to this process, and deletes files of an earlier one. */
export async function openLentFolder(directory: string): Promise<LentFolder> {
  const known = await readFile(join(directory, sharedFolderIdFile), "utf8").catch(() => undefined);
  const folderId = known ?? randomUUID();
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(join(directory, sharedFolderIdFile), folderId, { mode: 0o644 });

  async function put(
    { sha256, sizeBytes }: { sha256: string; sizeBytes: number },
    place: (path: string) => Promise<void>,
  ): Promise<Loan> {
    const name = randomUUID();
    const path = join(directory, lentFileName({ name, sha256 }));
    await place(path);
    return {
      file: { folderId, name, sha256, sizeBytes: BigInt(sizeBytes) },
      [Symbol.asyncDispose]: () => rm(path, { force: true }),
    };
  }

  return {
    async lend(file) {
      try {
        return await put(file, (path) => link(file.path, path));
      } catch {
        return undefined;
      }
    },
    draftPath: () => join(directory, `draft-${randomUUID()}`),
    lendDraft: (draft, content) => put(content, (path) => rename(draft, path)),
  };
}
