import { constants, type FileHandle, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../gen/sluice/common/v1/errors_pb.ts";
import type { HttpFile } from "../gen/sluice/common/v1/options_pb.ts";
import { failure } from "../services/lib/errors.ts";
import { fileFingerprint } from "../services/lib/file-fingerprint.ts";
import { sharedFolderIdFile } from "../services/lib/shared-folder.ts";

/** Files are read in pieces of this size. */
const pieceBytes = 1024 * 1024;

const pathForm = /^[A-Za-z0-9-]+(\/[A-Za-z0-9-]+)*$/;

/** A service's folder of files that the edge can read too, so that large contents need not pass through the mesh. */
export type SharedFolder = {
  /** What the service knows the folder by; undefined when it is not there. */
  findId(): Promise<string | undefined>;
  /** Opens what the service has verified. Throws upstreamUnavailable when it is not there any more. */
  open(file: HttpFile): Promise<OpenBytes>;
};

export type OpenBytes = AsyncDisposable & {
  /** The bytes that are asked for. Throws when there are fewer. */
  read(): AsyncGenerator<Uint8Array>;
};

export function createSharedFolder(directory: string): SharedFolder {
  let id: string | undefined;
  return {
    async findId() {
      id ??= await readFile(join(directory, sharedFolderIdFile), "utf8").catch(() => undefined);
      return id;
    },
    async open(file) {
      if (!pathForm.test(file.path)) throw new Error(`${file.path} is not a path in a shared folder`);
      const handle = await open(join(directory, file.path), constants.O_RDONLY | constants.O_NOFOLLOW).catch(
        () => undefined,
      );
      if (!handle) throw contentMoved();
      try {
        if (fileFingerprint(await handle.stat({ bigint: true })) !== file.fingerprint) throw contentMoved();
      } catch (error) {
        await handle.close();
        throw error;
      }
      return { read: () => readFrom(handle, file), [Symbol.asyncDispose]: () => handle.close() };
    },
  };
}

async function* readFrom(
  handle: FileHandle,
  { offsetBytes, sizeBytes }: HttpFile,
): AsyncGenerator<Uint8Array> {
  const start = Number(offsetBytes);
  let missingBytes = Number(sizeBytes);
  const range = { start, end: start + missingBytes - 1, highWaterMark: pieceBytes, autoClose: false };
  for await (const piece of handle.createReadStream(range)) {
    missingBytes -= piece.length;
    yield piece;
  }
  if (missingBytes > 0) throw new Error(`a file in a shared folder ends ${missingBytes} bytes early`);
}

/** A content is replaced when it proves damaged: then the service knows it anew. */
const contentMoved = (): ConnectError =>
  failure(Code.Unavailable, ErrorReason.UPSTREAM_UNAVAILABLE, "the content was moved meanwhile");
