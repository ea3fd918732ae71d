import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { FileService, type File as StoredFile } from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Call } from "../command/call.ts";
import type { Retries } from "./retry.ts";
import { createStallLimit } from "./stall-limit.ts";

/** A stored file, as far as a download needs it. */
export type Stored = Pick<StoredFile, "fileId" | "name" | "sizeBytes" | "sha256">;

/** What to read: a range, of the content with this entity tag alone. */
type ReadRequest = { readonly range: string; readonly ifMatch: string };

/** Reads a file in another way than by its id. */
export type Read = (
  request: ReadRequest,
  options: { signal: AbortSignal },
) => AsyncIterable<{ readonly data: Uint8Array }>;

/** Reads a file from an offset on, in as many calls as it takes. Throws the error of isChanged if it changes meanwhile. */
export async function* readFrom(
  call: Call,
  { fileId, sizeBytes, sha256 }: Stored,
  { offsetBytes, retries, read }: { offsetBytes: number; retries: Retries; read?: Read | undefined },
): AsyncGenerator<Uint8Array, void> {
  const client = await call.client(FileService);
  const readOnce: Read = read ?? ((request, options) => client.downloadFile({ fileId, ...request }, options));
  const size = Number(sizeBytes);
  let at = offsetBytes;
  while (at < size) {
    const before = at;
    const range = at === 0 ? "" : `bytes=${at}-`;
    const failure = yield* readRange(call.signal, readOnce, { range, ifMatch: `"${sha256}"` }, (bytes) => {
      at += bytes;
    });
    if (at > before) retries.progressed();
    if (at >= size) return;
    await retries.afterFailure(failure ?? new ConnectError("the content ended early", Code.Unavailable));
  }
}

/** Reads in one call. Returns its failure; those of the reader are thrown where it reads. */
async function* readRange(
  signal: AbortSignal,
  read: Read,
  request: ReadRequest,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array, unknown> {
  using stall = createStallLimit(signal);
  try {
    for await (const { data } of read(request, { signal: stall.signal })) {
      stall.moved();
      count(data.length);
      yield data;
      stall.moved();
    }
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Whether a read was refused because the file has other content by now. */
export const isChanged = (error: unknown): boolean =>
  error instanceof ConnectError &&
  error.findDetails(ErrorInfoSchema).some(({ reason }) => reason === "ETAG_MISMATCH");
