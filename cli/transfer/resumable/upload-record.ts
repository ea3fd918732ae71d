import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { CommandError } from "../../failures/command-error.ts";
import { exitCodes } from "../../failures/exit-codes.ts";
import { lockUntilDone } from "../../session/lock.ts";
import { writePrivateFile } from "../../session/write-private-file.ts";

/** What is known here of an upload that has begun. */
export type BegunUpload = {
  readonly uploadId: string;
  /** The file as it was when the upload began. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly modified: string;
  /** Hash of the file's first bytes as they were sent. */
  readonly sentBytes: number;
  readonly sentSha256: string;
};

/** What an upload is of, and whose it is. The record of another one is never read. */
export type UploadIdentity = {
  readonly server: string;
  readonly userId: string;
  readonly path: string;
  readonly name: string;
  readonly namespace: string;
  readonly contentType: string;
};

/** The record of one upload in the settings' folder, which no other command uses until it is disposed of. */
export type UploadRecord = AsyncDisposable & {
  /** Undefined if there is none, or if it is damaged. */
  read(): Promise<BegunUpload | undefined>;
  write(begun: BegunUpload): Promise<void>;
  remove(): Promise<void>;
};

/** The server has forgotten an upload by then. */
const keptMs = 8 * 24 * 60 * 60 * 1000;

export async function openUploadRecord(
  settingsFolder: string,
  identity: UploadIdentity,
): Promise<UploadRecord> {
  const folder = join(settingsFolder, "uploads");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await removeOld(folder);
  const path = join(folder, `${keyOf(identity)}.json`);
  const lock = await lockUntilDone(`${path}.lock`);
  if (!lock) throw alreadyRunning(identity);
  return {
    async read() {
      try {
        return parse(await readFile(path, "utf8"));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    write: (begun) => writePrivateFile(path, `${JSON.stringify(begun, null, 2)}\n`),
    remove: () => rm(path, { force: true }),
    [Symbol.asyncDispose]: () => lock[Symbol.asyncDispose](),
  };
}

const keyOf = (identity: UploadIdentity): string =>
  createHash("sha256")
    .update(JSON.stringify(Object.entries(identity).sort()))
    .digest("hex")
    .slice(0, 32);

function parse(text: string): BegunUpload | undefined {
  try {
    const found: Partial<BegunUpload> = JSON.parse(text);
    const { uploadId, path, sizeBytes, modified, sentBytes, sentSha256 } = found;
    const texts = [uploadId, path, modified, sentSha256].every((value) => typeof value === "string");
    const numbers = [sizeBytes, sentBytes].every((value) => Number.isSafeInteger(value));
    return texts && numbers ? (found as BegunUpload) : undefined;
  } catch {
    return undefined;
  }
}

async function removeOld(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > keptMs) await rm(path, { force: true });
  }
}

const alreadyRunning = ({ path, name }: UploadIdentity) =>
  new CommandError(`another command is uploading ${path} as ${name}`, {
    exitCode: exitCodes.conflict,
    advice: "wait for its end",
  });
