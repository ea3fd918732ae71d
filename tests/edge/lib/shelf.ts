import { Code, ConnectError } from "@connectrpc/connect";
import { pino } from "pino";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { BatchService } from "../../../gen/sluice/edge/v1/batch_pb.ts";
import { ShelfService } from "../../../gen/sluice/test/v1/shelf_pb.ts";
import { startGrpcServer } from "../../../services/lib/mesh/grpc-server.ts";
import { failure } from "../../../services/lib/rpc/errors.ts";
import { guard } from "../../../services/lib/rpc/guard.ts";
import { createVerifier } from "../../../services/lib/rpc/principal.ts";
import { serviceNameOf } from "../../../services/lib/values/service-name.ts";
import { meshKeys } from "../../lib/test-mesh.ts";
import { startTestEdge, type TestEdge } from "./test-edge.ts";

export type ShelfEdge = TestEdge & {
  /** The stored book. */
  readonly book: { bookId: string; title: string; revision: number; readCount: number };
  /** Number of calls so far. */
  calls(): number;
  /** The largest number of concurrent calls. */
  busiest(): number;
};

const outOfShelf = () =>
  failure(Code.OutOfRange, ErrorReason.RANGE_NOT_SATISFIABLE, "no such part of the shelf", {
    size_bytes: "7",
    "content-range": "bytes */7",
  });

/** An edge in front of a shelf with one book and of the echo service. */
export async function startShelfEdge(
  options: Omit<Parameters<typeof startTestEdge>[0], "services"> = {},
): Promise<ShelfEdge> {
  await using cleanup = new AsyncDisposableStack();
  const book = { bookId: "moby", title: "Moby Dick", revision: 1, readCount: 0 };
  const counts = { calls: 0, running: 0, busiest: 0 };
  const answer = () => ({ book: { ...book, etag: String(book.revision) } });
  const counted = async <T>(work: () => T): Promise<T> => {
    counts.calls += 1;
    counts.running += 1;
    counts.busiest = Math.max(counts.busiest, counts.running);
    await new Promise((resolve) => setImmediate(resolve));
    counts.running -= 1;
    return work();
  };
  const service = guard(ShelfService, {
    getBook: ({ bookId }) =>
      counted(() => {
        if (bookId !== book.bookId) throw new ConnectError(`there is no book ${bookId}`, Code.NotFound);
        return answer();
      }),
    updateBook: ({ book: wanted }) =>
      counted(() => {
        if (wanted?.etag && wanted.etag !== String(book.revision)) {
          throw new ConnectError(`the etag is not ${wanted.etag}`, Code.Aborted);
        }
        book.title = wanted?.title ?? "";
        book.revision += 1;
        return answer();
      }),
    listBooks: ({ count }) =>
      counted(() => {
        if (count < 0) throw outOfShelf();
        return { books: Array.from({ length: count }, (_, index) => ({ bookId: String(index) })) };
      }),
    getSecretBook: () => counted(() => ({ title: "secret" })),
    readBook: () => counted(() => ({ contentType: "text/plain", data: Buffer.from("x".repeat(5000)) })),
  });
  const server = cleanup.use(
    await startGrpcServer({
      listen: "127.0.0.1:0",
      services: [service],
      verifier: createVerifier(meshKeys.publicKeys),
      log: pino({ level: "silent" }),
    }),
  );
  const edge = cleanup.use(
    await startTestEdge({
      ...options,
      services: [ShelfService, BatchService],
      upstreams: { shelf: server.address },
      upstreamOf: (one) => (one.typeName === ShelfService.typeName ? "shelf" : serviceNameOf(one)),
    }),
  );
  const owned = cleanup.move();
  return {
    ...edge,
    book,
    calls: () => counts.calls,
    busiest: () => counts.busiest,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
