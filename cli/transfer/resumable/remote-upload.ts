import { Code, ConnectError } from "@connectrpc/connect";
import {
  FileService,
  type File as StoredFile,
  type UploadFileHeader,
} from "../../../gen/sluice/storage/v1/files_pb.ts";
import { ResumableUploadService } from "../../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import type { Call } from "../../command/call.ts";
import { type Retries, withRetries } from "../retry.ts";

type NewUpload = {
  readonly name: string;
  readonly namespace: string;
  readonly contentType: string;
  readonly sizeBytes: number;
};

/** What the server has of an upload. */
type FoundUpload = { readonly offsetBytes: number };

/** What a file gets beside its name and content. */
type Description = Partial<Pick<UploadFileHeader, "tags" | "properties" | "folder">>;

/** The server has neither the upload nor a file of it. */
export class UploadGoneError extends Error {}

/** The calls of an upload beside the one that sends bytes. Each is repeated after a lost connection. */
export type RemoteUpload = {
  create(upload: NewUpload): Promise<string>;
  /** Undefined if the upload does not exist, and no file was made of it either. `sizeBytes` is the upload's. */
  find(uploadId: string, sizeBytes: number): Promise<FoundUpload | undefined>;
  /** The file of a complete upload. Throws UploadGoneError. */
  file(uploadId: string): Promise<StoredFile>;
  describe(file: StoredFile, description: Description): Promise<StoredFile>;
  /** Removes an upload, if it exists. */
  remove(uploadId: string): Promise<void>;
  removeFile(fileId: string): Promise<void>;
};

export async function createRemoteUpload(
  { client, signal }: Pick<Call, "client" | "signal">,
  retries: Retries,
): Promise<RemoteUpload> {
  const uploads = await client(ResumableUploadService);
  const files = await client(FileService);
  const repeat = <Result>(work: () => Promise<Result>) => withRetries(retries, work);
  const findFile = (fileId: string) => repeat(() => files.getFile({ fileId }, { signal }));
  return {
    async create({ sizeBytes, ...upload }) {
      const request = { upload: { ...upload, lengthBytes: BigInt(sizeBytes) } };
      const response = await repeat(() => uploads.createResumableUpload(request, { signal }));
      return response.upload?.uploadId ?? "";
    },
    async find(uploadId, sizeBytes) {
      const found = await orMissing(repeat(() => uploads.getResumableUpload({ uploadId }, { signal })));
      if (found?.upload) return { offsetBytes: Number(found.upload.offsetBytes) };
      // The server forgets a finished upload after a day, and keeps its file.
      const { file } = (await orMissing(findFile(uploadId))) ?? {};
      return file && !file.deleteTime ? { offsetBytes: sizeBytes } : undefined;
    },
    async file(uploadId) {
      const { file } = (await orMissing(findFile(uploadId))) ?? {};
      if (!file || file.deleteTime) throw new UploadGoneError("the file of the upload is gone");
      return file;
    },
    async describe(file, { tags = [], properties = {}, folder = "" }) {
      if (tags.length === 0 && Object.keys(properties).length === 0 && folder === "") return file;
      const changed = { fileId: file.fileId, tags, properties, ...(folder !== "" && { folder }) };
      const response = await repeat(() => files.updateFile({ file: changed }, { signal }));
      return response.file ?? file;
    },
    async remove(uploadId) {
      await orMissing(repeat(() => uploads.deleteResumableUpload({ uploadId }, { signal })));
    },
    async removeFile(fileId) {
      await orMissing(repeat(() => files.deleteFile({ fileId }, { signal })));
    },
  };
}

/** The result, or undefined if what it is about does not exist. */
async function orMissing<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work;
  } catch (error) {
    if (ConnectError.from(error).code === Code.NotFound) return undefined;
    throw error;
  }
}
