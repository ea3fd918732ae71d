import type { MethodImpl } from "@connectrpc/connect";
import { ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import type { SignedUrlService, UploadSignedHeader } from "../../../gen/sluice/storage/v1/signed_urls_pb.ts";
import { requireNamespace } from "../../lib/clients/require-namespace.ts";
import { outsideCalls } from "../../lib/rpc/call.ts";
import { hasReason } from "../../lib/rpc/errors.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { contentTooLarge, hashMismatch, signedUrlInvalid, signedUrlOverQuota } from "../errors.ts";
import type { FileRow } from "../file-repository.ts";
import { toFile } from "../message.ts";
import { findRules, inspect } from "../policy/upload-rules.ts";
import { openUploadUrl } from "../sign/open-url.ts";
import { returnUse, type SignedUrlRow, takeUse } from "../sign/signed-url-repository.ts";
import { findSigner, onBehalfOf } from "../sign/signer.ts";
import { type ReceivedContent, receiveContent } from "../upload/receive-content.ts";
import { receiveUpload, type Upload } from "../upload/receive-upload.ts";

type SignedUpload = {
  readonly url: SignedUrlRow;
  readonly upload: Upload<UploadSignedHeader>;
  readonly signal: AbortSignal;
};

export const uploadSigned =
  (deps: StorageDeps): MethodImpl<typeof SignedUrlService.method.uploadSigned> =>
  async (requests, { signal }) => {
    const upload = await receiveUpload<UploadSignedHeader>(requests, deps.limits);
    const url = await openUploadUrl(deps, upload.header.token);
    const scope = await findSigner(deps, url);
    const row = await onBehalfOf(scope, () => useOnce(deps, scope, { url, upload, signal }));
    return { file: toFile(row) };
  };

/** Takes a use first, so that no more uploads run than the URL allows. A failed upload gives it back. */
async function useOnce(deps: StorageDeps, scope: Scope, upload: SignedUpload): Promise<FileRow> {
  const { urlId, namespace } = upload.url;
  if (!(await takeUse(deps.db, scope, urlId))) throw signedUrlInvalid();
  let isStoring = false;
  try {
    const { content, detect } = await receive(deps, scope, upload);
    await using received = content;
    // The rights can have been lost, and the namespace deleted, while the content arrived.
    await findSigner(deps, upload.url);
    await requireNamespace(deps.policies, scope, namespace);
    isStoring = true;
    const { row } = await received.store({ ...fileOf(upload.url), detectedContentType: await detect() });
    received.committed();
    return row;
  } catch (error) {
    // A lost connection can have hidden that the file was stored.
    const isFailed = !isStoring || error instanceof ConnectError;
    // The caller can be gone, and its queries with it.
    if (isFailed) await outsideCalls(() => returnUse(deps.db, scope, urlId));
    // Its figures are for members of the organisation.
    throw hasReason(error, ErrorReason.QUOTA_EXCEEDED) ? signedUrlOverQuota() : error;
  }
}

async function receive(
  deps: StorageDeps,
  scope: Scope,
  { url, upload, signal }: SignedUpload,
): Promise<{ content: ReceivedContent; detect: () => Promise<string> }> {
  const { chunks, header } = upload;
  const sizeBytesMax = url.sizeBytesMax ?? deps.limits.uploadBytesMax;
  const announcedBytes = Number(header.sizeBytes ?? 0);
  if (announcedBytes > sizeBytesMax) throw contentTooLarge(sizeBytesMax);
  await requireNamespace(deps.policies, scope, url.namespace);
  const rules = await findRules(deps, scope, url.namespace);
  rules.requireAllowed(fileOf(url), announcedBytes);
  const inspected = inspect(rules, fileOf(url), bounded(chunks, sizeBytesMax));
  await using stack = new AsyncDisposableStack();
  const received = stack.use(
    await receiveContent(deps, scope, {
      chunks: inspected.chunks,
      announcedBytes,
      namespace: url.namespace,
      signal,
    }),
  );
  const { sha256 } = received.content;
  if (header.sha256 !== "" && header.sha256 !== sha256) throw hashMismatch(header.sha256, sha256);
  // A reset stream can look like a complete one.
  signal.throwIfAborted();
  stack.move();
  return { content: received, detect: inspected.detect };
}

async function* bounded(chunks: AsyncIterable<Uint8Array>, sizeBytesMax: number): AsyncIterable<Uint8Array> {
  let receivedBytes = 0;
  for await (const chunk of chunks) {
    receivedBytes += chunk.length;
    if (receivedBytes > sizeBytesMax) throw contentTooLarge(sizeBytesMax);
    yield chunk;
  }
}

const fileOf = ({ name, contentType, namespace }: SignedUrlRow) => ({
  name: name ?? "",
  contentType: contentType ?? "",
  namespace,
});
