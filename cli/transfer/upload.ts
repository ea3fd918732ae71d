import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  FileService,
  type UploadFileRequestSchema,
  type UploadFileResponse,
  UploadFileResponseSchema,
} from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Call } from "../command/call.ts";
import { CommandError } from "../failures/command-error.ts";
import type { TransferReport } from "./byte-progress.ts";
import { createRetries, withRetries } from "./retry.ts";

const chunkBytes = 256 * 1024;
/** Files of this size and more are uploaded so that a later command can continue. */
const resumableBytesMin = 8 * 1024 * 1024;

/** Content to upload. */
export type UploadSource = {
  readonly name: string;
  /** Undefined if it is not known before the end. */
  readonly sizeBytes: number | undefined;
  /** Of a file; content without one can be read once only. */
  readonly path?: string | undefined;
  read(): AsyncIterable<Buffer>;
};

/** The file of a path, or all files in a folder and in the folders there. Links inside a folder are left out. */
export async function findUploads(path: string): Promise<UploadSource[]> {
  const found = await stat(path);
  if (found.isFile()) return [uploadOf(path, found.size)];
  // A pipe, which can be read once only.
  if (!found.isDirectory()) return [{ ...uploadOf(path, 0), sizeBytes: undefined, path: undefined }];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(paths.sort().map(async (file) => uploadOf(file, (await stat(file)).size)));
}

const uploadOf = (path: string, sizeBytes: number): UploadSource => ({
  name: basename(path),
  sizeBytes,
  path,
  read: () => createReadStream(path, { highWaterMark: chunkBytes }),
});

export type UploadOptions = {
  readonly namespace: string | undefined;
  readonly contentType: string | undefined;
  readonly folder: string | undefined;
  readonly tags: string[];
  readonly properties: Record<string, string>;
  /** Whether to begin anew, even if an earlier command was interrupted. */
  readonly restart: boolean;
  /** Attempts after a lost connection. */
  readonly retriesMax: number;
  readonly report: TransferReport;
};

/** Uploads content and compares its hash with what the server stored; a file that differs is removed again. */
export async function upload(
  call: Call,
  source: UploadSource,
  options: UploadOptions,
): Promise<UploadFileResponse> {
  const { name, path, sizeBytes = 0 } = source;
  if (path === undefined) return uploadOnce(call, source, options, randomUUID());
  if (sizeBytes >= resumableBytesMin) {
    const { uploadResumable } = await import("./resumable/upload-resumable.ts");
    const file = await uploadResumable(call, { name, path }, options);
    return create(UploadFileResponseSchema, { file });
  }
  const { report, retriesMax } = options;
  const retries = createRetries(name, { signal: call.signal, report, retriesMax });
  // With the same request id, a repeated call makes no second file.
  const requestId = randomUUID();
  return withRetries(retries, () => uploadOnce(call, source, options, requestId));
}

/** Uploads content in one call. */
async function uploadOnce(
  call: Call,
  source: UploadSource,
  options: UploadOptions,
  requestId: string,
): Promise<UploadFileResponse> {
  const client = await call.client(FileService);
  const hash = createHash("sha256");
  const sent = { bytes: 0 };
  let response: UploadFileResponse;
  try {
    const messages = requests(source, options, { requestId, hash, sent });
    response = await client.uploadFile(messages, { signal: call.signal });
  } catch (error) {
    options.report.skip(-sent.bytes);
    throw error;
  }
  const fileId = response.file?.fileId ?? "";
  const sha256 = hash.digest("hex");
  if (response.file?.sha256 === sha256) return response;
  await client.deleteFile({ fileId }).catch(ignoreMissing);
  throw new CommandError(
    `${source.name} was stored with the hash ${response.file?.sha256} instead of ${sha256}`,
    {
      advice: "it is removed again: repeat the upload",
    },
  );
}

type Sending = {
  readonly requestId: string;
  readonly hash: { update(chunk: Buffer): unknown };
  readonly sent: { bytes: number };
};

async function* requests(
  { name, sizeBytes, read }: UploadSource,
  { namespace = "", contentType = "", folder, tags, properties, report }: UploadOptions,
  { requestId, hash, sent }: Sending,
): AsyncIterable<MessageInitShape<typeof UploadFileRequestSchema>> {
  const header = {
    name,
    namespace,
    contentType,
    tags,
    properties,
    requestId,
    ...(folder !== undefined && { folder }),
    ...(sizeBytes !== undefined && { sizeBytes: BigInt(sizeBytes) }),
  };
  yield { part: { case: "header", value: header } };
  for await (const chunk of read()) {
    hash.update(chunk);
    yield { part: { case: "chunk", value: chunk } };
    sent.bytes += chunk.length;
    report.advance(chunk.length);
  }
}

function ignoreMissing(error: unknown): void {
  if (ConnectError.from(error).code !== Code.NotFound) throw error;
}
