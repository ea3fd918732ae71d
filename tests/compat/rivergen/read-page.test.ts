import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { readPage } from "../../../services/compat/rivergen/read-page.ts";

/** A list of numbers that follows a token and counts to a limit, and the sizes of the pages that were read. */
function listOf(length: number, countedMax: number) {
  const sizes: number[] = [];
  const read = async ({ pageSize, pageToken, showTotal }: Parameters<Parameters<typeof readPage>[1]>[0]) => {
    sizes.push(pageSize);
    const start = Number(pageToken);
    const end = Math.min(start + pageSize, length);
    return {
      items: Array.from({ length: end - start }, (_, at) => start + at),
      nextPageToken: end < length ? String(end) : "",
      totalSize: showTotal ? Math.min(length, countedMax) : 0,
      totalSizeExceeded: showTotal && length > countedMax,
    };
  };
  return { read, sizes };
}

test.each([
  ["the first page, by one call", { page: 1, pageSize: 3 }, 10, [0, 1, 2], [3]],
  ["the last page, which is shorter", { page: 4, pageSize: 3 }, 10, [9], [1000]],
  ["a page in the second thousand", { page: 401, pageSize: 3 }, 2500, [1200, 1201, 1202], [1000, 1000]],
  [
    "a page across two calls",
    { page: 143, pageSize: 7 },
    1500,
    [994, 995, 996, 997, 998, 999, 1000],
    [1000, 1000],
  ],
  ["a page behind the end, of which only the total is read", { page: 9, pageSize: 3 }, 10, [], [1000]],
  ["a page of an empty list", {}, 0, [], [20]],
])("OK: %s", async (_, asked, length, items, sizes) => {
  const list = listOf(length, 10_000);
  const page = await readPage(asked, list.read);
  expect([page.items, list.sizes]).toEqual([items, sizes]);
  const { page: number = 1, pageSize = 20 } = asked as { page?: number; pageSize?: number };
  const totalPages = Math.ceil(length / pageSize);
  expect(page.pagination).toEqual({
    page: number,
    pageSize,
    totalCount: length,
    totalPages,
    hasNext: number < totalPages,
    hasPrevious: number > 1,
  });
});

test("OK: the total of a list that the service does not count is read to its end", async () => {
  const { items, pagination } = await readPage({ page: 2, pageSize: 2 }, listOf(2345, 1000).read);
  expect([items, pagination.totalCount, pagination.totalPages]).toEqual([[2, 3], 2345, 1173]);
});

test("InvalidArgument: a list whose total would take too long", async () => {
  const { read, sizes } = listOf(1_000_000, 10_000);
  const error = await readPage({ page: 1, pageSize: 20 }, read).catch(ConnectError.from);
  expect(error).toMatchObject({
    code: Code.InvalidArgument,
    rawMessage: "page: the list has more than 100000 entries: narrow it by its filters",
  });
  expect(sizes.length).toBe(101);
});
