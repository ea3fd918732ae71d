import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import {
  type AppendResumableUploadRequestSchema,
  ResumableUploadService,
} from "../../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import { CommandError } from "../../failures/command-error.ts";
import { createStallLimit, type StallLimit } from "../stall-limit.ts";
import { UploadGoneError } from "./remote-upload.ts";
import type { ActiveUpload, Transfer } from "./upload-resumable.ts";

/** Bytes between two records of what was sent. */
const recordBytes = 64 * 1024 * 1024;

type Part = MessageInitShape<typeof AppendResumableUploadRequestSchema>;

/** Sends the rest of an upload, in as many calls as it takes. Throws UploadGoneError. */
export async function sendBytes(transfer: Transfer, active: ActiveUpload): Promise<void> {
  const { local, remote, retries, options } = transfer;
  const failed = createFailureHandler(transfer, active);
  while (active.offsetBytes < local.sizeBytes) {
    const before = active.offsetBytes;
    const sent = { bytes: before };
    let hasWaited = false;
    try {
      await append(transfer, active, sent);
      if (sent.bytes < local.sizeBytes) throw shortened(transfer.source.name);
    } catch (error) {
      hasWaited = await failed(error);
    }
    const found = await remote.find(active.begun.uploadId, local.sizeBytes);
    options.report.skip((found?.offsetBytes ?? 0) - sent.bytes);
    if (!found) throw new UploadGoneError("the upload is gone");
    active.offsetBytes = found.offsetBytes;
    if (active.offsetBytes > before) retries.progressed();
    else if (!hasWaited) await retries.afterFailure(noProgress());
  }
}

const noProgress = () => new ConnectError("the server took no bytes", Code.Unavailable);

/** Waits after a failure, if the upload may go on. Returns whether the next attempt may follow at once. */
function createFailureHandler(
  transfer: Transfer,
  active: ActiveUpload,
): (error: unknown) => Promise<boolean> {
  const { record, retries } = transfer;
  let renewals = 0;
  return async (error) => {
    await saveProgress(transfer, active);
    if (isRefused(error)) await record.remove();
    const code = error instanceof ConnectError ? error.code : undefined;
    // Whether the upload is there is looked up next.
    if (code === Code.NotFound) return false;
    // A token was revoked while it was used: the next call gets a new one, or fails for good.
    if (code === Code.Unauthenticated && renewals++ === 0) return true;
    await retries.afterFailure(error);
    return true;
  };
}

/** Sends the rest in one call. `sent` counts while it runs. */
async function append(transfer: Transfer, active: ActiveUpload, sent: { bytes: number }): Promise<void> {
  const { call } = transfer;
  const client = await call.client(ResumableUploadService);
  using stall = createStallLimit(call.signal);
  await client.appendResumableUpload(messages(transfer, active, { sent, stall }), { signal: stall.signal });
}

async function* messages(
  transfer: Transfer,
  { begun, hash, offsetBytes }: ActiveUpload,
  { sent, stall }: { sent: { bytes: number }; stall: StallLimit },
): AsyncGenerator<Part> {
  const { local, options } = transfer;
  const header = {
    uploadId: begun.uploadId,
    offsetBytes: BigInt(offsetBytes),
    sizeBytes: BigInt(local.sizeBytes - offsetBytes),
  };
  yield { part: { case: "header", value: header } };
  let recorded = offsetBytes;
  for await (const chunk of local.read(offsetBytes)) {
    hash.add(chunk, sent.bytes);
    yield { part: { case: "chunk", value: chunk } };
    stall.moved();
    sent.bytes += chunk.length;
    options.report.advance(chunk.length);
    if (sent.bytes - recorded < recordBytes) continue;
    recorded = sent.bytes;
    await saveProgress(transfer, { begun, hash });
  }
  // The server now makes the file, which takes time in proportion to its size.
  stall.relax();
}

/** Records what was sent, so that a later command sees whether the file is still the same. */
async function saveProgress(
  { record }: Pick<Transfer, "record">,
  { begun, hash }: Pick<ActiveUpload, "begun" | "hash">,
): Promise<void> {
  await record.write({ ...begun, sentBytes: hash.bytes, sentSha256: hash.digest() });
}

/** The server has ended the upload: nothing can be appended to it. */
function isRefused(error: unknown): boolean {
  const reasons = ["UPLOAD_REFUSED", "CONTENT_MISMATCH", "CONTENT_TOO_LARGE"];
  return (
    error instanceof ConnectError &&
    error.findDetails(ErrorInfoSchema).some(({ reason }) => reasons.includes(reason))
  );
}

const shortened = (name: string) =>
  new CommandError(`${name} has become shorter while it was uploaded`, { advice: "repeat the upload" });
