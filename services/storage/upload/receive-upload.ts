import { contentTooLarge, headerNotFirst, sizeMismatch, uploadIdle } from "../errors.ts";
import type { Limits } from "../limits.ts";

/** A message of an upload stream: the header, then chunks. */
type UploadPart<Header> = {
  readonly part:
    | { readonly case: "header"; readonly value: Header }
    | { readonly case: "chunk"; readonly value: Uint8Array }
    | { readonly case: undefined };
};

/** Fields that the headers of all upload methods have. */
type UploadHeader = {
  readonly $typeName: string;
  readonly name?: string;
  readonly sizeBytes?: bigint | undefined;
};

export type Upload<Header extends UploadHeader> = {
  readonly header: Header;
  /** The content as it arrives. Throws if its size differs from the announced one, or if the sender is idle for too long. */
  readonly chunks: AsyncIterable<Uint8Array>;
};

type ReceiveLimits = Pick<Limits, "uploadBytesMax" | "uploadIdleMs">;

/** Awaits the header, which must be the first message. */
export async function receiveUpload<Header extends UploadHeader>(
  requests: AsyncIterable<UploadPart<Header>>,
  limits: ReceiveLimits,
): Promise<Upload<Header>> {
  const iterator = requests[Symbol.asyncIterator]();
  const first = await nextWithin(iterator, limits.uploadIdleMs);
  if (first?.part.case !== "header") throw headerNotFirst();
  const header = first.part.value;
  return { header, chunks: receiveChunks(iterator, header, limits) };
}

async function* receiveChunks(
  iterator: AsyncIterator<UploadPart<UploadHeader>>,
  header: UploadHeader,
  { uploadIdleMs, uploadBytesMax }: ReceiveLimits,
): AsyncIterable<Uint8Array> {
  const announced = header.sizeBytes === undefined ? undefined : Number(header.sizeBytes);
  let receivedBytes = 0;
  for (;;) {
    const request = await nextWithin(iterator, uploadIdleMs);
    if (!request) break;
    if (request.part.case !== "chunk") throw headerNotFirst();
    receivedBytes += request.part.value.length;
    if (announced !== undefined && receivedBytes > announced) throw sizeMismatch(announced, receivedBytes);
    if (receivedBytes > uploadBytesMax) throw contentTooLarge(uploadBytesMax);
    yield request.part.value;
  }
  if (announced !== undefined && receivedBytes < announced) throw sizeMismatch(announced, receivedBytes);
}

// After a timeout the iterator is not closed: it ends with its call.
async function nextWithin<T>(iterator: AsyncIterator<T>, idleMs: number): Promise<T | undefined> {
  const { promise: idle, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(uploadIdle(idleMs)), idleMs);
  try {
    const { done, value } = await Promise.race([iterator.next(), idle]);
    return done ? undefined : value;
  } finally {
    clearTimeout(timer);
  }
}
