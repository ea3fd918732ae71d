import type {
  AppendResumableUploadHeader,
  AppendResumableUploadRequest,
} from "../../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import { headerNotFirst, uploadIdle } from "../errors.ts";
import type { Limits } from "../limits.ts";

/** Chunks as they arrive, or a pause of the sender: what came before it should become durable. */
type Arrival = { readonly chunk: Uint8Array } | { readonly chunk: undefined };

type Append = {
  readonly header: AppendResumableUploadHeader;
  readonly arrivals: AsyncGenerator<Arrival, void>;
};

type ReceiveLimits = Pick<Limits, "uploadIdleMs" | "partMs">;

/** Awaits the header, which must be the first message. Throws uploadIdle if nothing arrives for too long. */
export async function receiveAppend(
  requests: AsyncIterable<AppendResumableUploadRequest>,
  limits: ReceiveLimits,
): Promise<Append> {
  const iterator = requests[Symbol.asyncIterator]();
  const first = await within(iterator.next(), limits.uploadIdleMs);
  if (first === undefined) throw uploadIdle(limits.uploadIdleMs);
  if (first.done || first.value.part.case !== "header") throw headerNotFirst();
  return { header: first.value.part.value, arrivals: receiveChunks(iterator, limits) };
}

// After a timeout the iterator is not closed: it ends with its call.
async function* receiveChunks(
  iterator: AsyncIterator<AppendResumableUploadRequest>,
  { uploadIdleMs, partMs }: ReceiveLimits,
): AsyncGenerator<Arrival, void> {
  for (;;) {
    const next = iterator.next();
    // The consumer may stop while it is pending.
    next.catch(() => undefined);
    let result = await within(next, Math.min(partMs, uploadIdleMs));
    if (!result) {
      yield { chunk: undefined };
      result = await within(next, uploadIdleMs - partMs);
    }
    if (!result) throw uploadIdle(uploadIdleMs);
    if (result.done) return;
    if (result.value.part.case !== "chunk") throw headerNotFirst();
    yield { chunk: result.value.part.value };
  }
}

/** The result, or undefined if it takes longer than `waitMs`. */
async function within<T>(work: Promise<T>, waitMs: number): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), Math.max(0, waitMs));
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
