import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PaginationSchema } from "../../../gen/compat/rivergen/v1/common_pb.ts";
import { listTooLong } from "./errors.ts";

/** Longest list whose total is exact. The contract states it. */
const entriesMax = 100_000;
const pageSizeDefault = 20;
const readSize = 1000;

type NumberedPage = { readonly page?: number | undefined; readonly pageSize?: number | undefined };
type Read = { readonly pageSize: number; readonly pageToken: string; readonly showTotal: boolean };
type NativePage<T> = {
  readonly items: readonly T[];
  readonly nextPageToken: string;
  /** At most some thousands: where there are more, the list is read to its end. */
  readonly totalSize: number;
  readonly totalSizeExceeded: boolean;
};

/** A page by its number, from a list whose pages follow a token. */
export async function readPage<T>(
  { page = 1, pageSize = pageSizeDefault }: NumberedPage,
  read: (request: Read) => Promise<NativePage<T>>,
): Promise<{ items: T[]; pagination: MessageInitShape<typeof PaginationSchema> }> {
  const [first, end] = [(page - 1) * pageSize, page * pageSize];
  const items: T[] = [];
  let [readCount, pageToken] = [0, ""];
  let totalCount: number | undefined;
  do {
    const isFirst = readCount === 0;
    const size = isFirst && page === 1 ? pageSize : readSize;
    const native = await read({ pageSize: size, pageToken, showTotal: isFirst });
    if (isFirst && !native.totalSizeExceeded) totalCount = native.totalSize;
    items.push(...native.items.slice(Math.max(0, first - readCount), Math.max(0, end - readCount)));
    readCount += native.items.length;
    pageToken = native.nextPageToken;
    if (readCount > entriesMax) throw listTooLong(entriesMax);
  } while (pageToken !== "" && !isEnough(totalCount, { first, end, readCount }));
  return { items, pagination: paginationOf({ page, pageSize, totalCount: totalCount ?? readCount }) };
}

/** Whether the rest of a list matters neither to the page nor to the total. */
const isEnough = (
  totalCount: number | undefined,
  { first, end, readCount }: { first: number; end: number; readCount: number },
): boolean => totalCount !== undefined && (readCount >= end || first >= totalCount);

function paginationOf({
  page,
  pageSize,
  totalCount,
}: {
  page: number;
  pageSize: number;
  totalCount: number;
}) {
  const totalPages = Math.ceil(totalCount / pageSize);
  return { page, pageSize, totalCount, totalPages, hasNext: page < totalPages, hasPrevious: page > 1 };
}
