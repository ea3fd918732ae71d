import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { LentFileSchema } from "../../../gen/sluice/common/v1/lent_files_pb.ts";
import { lentFileName, sharedFolderIdFile } from "../../lib/content/shared-folder.ts";
import type { ChunkFile } from "../connectors/connector.ts";

/**
 * A folder of files that storage may read, each under a name that nobody can guess: who is told of one can't name
 * another.
 */
export type LentFolder = {
  /** Lends a link to a file; undefined where it can't be linked to. */
  lend(file: ChunkFile): Promise<Loan | undefined>;
  /** A path for a new file that is going to be lent. */
  draftPath(): string;
  /** Lends what was written to such a path, which is gone then. */
  lendDraft(path: string, content: { sha256: string; sizeBytes: number }): Promise<Loan>;
};

/** A file that is lent until it is disposed. */
export type Loan = AsyncDisposable & { readonly file: MessageInitShape<typeof LentFileSchema> };

/** Opens the folder, which belongs to this process alone. What an earlier one lent is gone. */
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
