import type { UploadFileHeader, UploadFilesRequest } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { type NamespacePolicies, requireNamespace } from "../../lib/clients/require-namespace.ts";
import { invalidField } from "../../lib/rpc/errors.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { required } from "../../lib/rpc/updates.ts";
import { touchBlobs } from "../blob-repository.ts";
import { hashMismatch, headerNotFirst } from "../errors.ts";
import { findRules, inspect } from "../policy/upload-rules.ts";
import { headOf } from "./file-head.ts";
import { type ReceivedContent, receiveContent } from "./receive-content.ts";
import { receiveUpload, type Upload } from "./receive-upload.ts";
import type { StoredFile } from "./stored-file.ts";
import type { UploadDeps } from "./upload-deps.ts";

/** Files of one request. The contract states it. */
const filesMax = 100;

type ManyDeps = UploadDeps & { readonly policies: NamespacePolicies };

type ReceivedFile = {
  readonly header: UploadFileHeader;
  readonly received: ReceivedContent;
  readonly detectedContentType: string;
};

/** Files that have arrived. Disposing it releases their quota and deletes their bytes, unless they were committed. */
type ReceivedFiles = AsyncDisposable & { readonly files: readonly ReceivedFile[] };

/** Receives all files of a request. Throws the errors of each upload. */
export async function receiveMany(
  deps: ManyDeps,
  scope: Scope,
  requests: AsyncIterable<UploadFilesRequest>,
  signal: AbortSignal,
): Promise<ReceivedFiles> {
  await using stack = new AsyncDisposableStack();
  const files: ReceivedFile[] = [];
  for await (const part of splitFiles(requests)) {
    if (files.length === filesMax) throw invalidField("header", `comes more than ${filesMax} times`);
    const upload = await receiveUpload<UploadFileHeader>(part, deps.limits);
    const file = await receiveOne(deps, scope, upload, signal);
    stack.use(file.received);
    files.push(file);
  }
  if (files.length === 0) throw headerNotFirst();
  const held = stack.move();
  return { files, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

async function receiveOne(
  deps: ManyDeps,
  scope: Scope,
  { header, chunks: arriving }: Upload<UploadFileHeader>,
  signal: AbortSignal,
): Promise<ReceivedFile> {
  required(header.name, "header.name");
  if (header.fileId !== "" || header.etag !== "") throw invalidField("header.file_id", "is for UploadFile");
  if (header.requestId !== "") throw invalidField("header.request_id", "is for UploadFile");
  const [rules] = await Promise.all([
    findRules(deps, scope, header.namespace),
    requireNamespace(deps.policies, scope, header.namespace),
  ]);
  const announcedBytes = Number(header.sizeBytes ?? 0);
  rules.requireAllowed(header, announcedBytes);
  const { chunks, detect } = inspect(rules, header, arriving);
  const received = await receiveContent(deps, scope, {
    chunks,
    announcedBytes,
    namespace: header.namespace,
    signal,
  });
  try {
    const { sha256 } = received.content;
    if (header.sha256 !== "" && header.sha256 !== sha256) throw hashMismatch(header.sha256, sha256);
    return { header, received, detectedContentType: await detect() };
  } catch (error) {
    await received[Symbol.asyncDispose]();
    throw error;
  }
}

/** Creates all files in one transaction. Throws the errors of each upload. */
export async function insertAll(
  deps: ManyDeps,
  scope: Scope,
  files: readonly ReceivedFile[],
): Promise<StoredFile[]> {
  // A namespace can have been deleted while the content arrived, and is open for a new one of its name then.
  const namespaces = new Set(files.map(({ header }) => header.namespace));
  for (const namespace of namespaces) await requireNamespace(deps.policies, scope, namespace);
  const rows = await deps.db.transaction(async (tx) => {
    // In one order for all, and before any quota: two calls with the same contents must not wait for each other.
    await touchBlobs(
      tx,
      scope,
      files.map(({ received }) => received.content.sha256),
    );
    const inserted: StoredFile[] = [];
    for (const { header, received, detectedContentType } of files) {
      inserted.push(await received.insert(tx, { ...headOf(header), detectedContentType }));
    }
    return inserted;
  });
  for (const { received } of files) received.committed();
  return rows;
}

type Messages = AsyncGenerator<UploadFilesRequest>;

/** Splits a stream at its headers into one stream per file. The next file begins where the one before was read to its end. */
async function* splitFiles(requests: AsyncIterable<UploadFilesRequest>): AsyncGenerator<Messages> {
  const iterator = requests[Symbol.asyncIterator]();
  let next = await iterator.next();
  async function* oneFile(first: UploadFilesRequest): Messages {
    yield first;
    for (;;) {
      next = await iterator.next();
      if (next.done || next.value.part.case === "header") return;
      yield next.value;
    }
  }
  while (!next.done) {
    const { value } = next;
    yield oneFile(value);
    if (!next.done && next.value === value) throw headerNotFirst();
  }
}
