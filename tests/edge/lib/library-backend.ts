import { createHash } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import type { HttpBody } from "../../../gen/google/api/httpbody_pb.ts";
import {
  type ImportBooksRequest,
  LibraryService,
  type UploadScanRequest,
} from "../../../gen/sluice/library/v1/library_pb.ts";
import { startGrpcServer } from "../../../services/lib/mesh/grpc-server.ts";
import { guard } from "../../../services/lib/rpc/guard.ts";
import { createVerifier } from "../../../services/lib/rpc/principal.ts";
import { meshKeys } from "../../lib/test-mesh.ts";
import { silent, startTestEdge, type TestEdge } from "./test-edge.ts";

/** Returns the request. */
const libraryService = guard(LibraryService, {
  findBooks: (request) => ({ request }),
  createBook: (request) => ({ request }),
  updateBook: (request) => ({ request }),
  lendBook: (request) => ({ request }),
  burnBook: (request) => ({ request }),
  listTitles: ({ titles }) => ({ titles, ...(titles[0] && { first: { title: titles[0] } }) }),
  checkTypes: ({ types }) => (types ? { types } : {}),
  mirrorPage: ({ name, page }) => {
    if (name !== "empty" && !page) throw new ConnectError("no page came", Code.InvalidArgument);
    return page ? { page } : {};
  },
  async *watchShelf({ shelf, count, fail }) {
    for (let number = 1; number <= count; number += 1) yield { number, shelf };
    if (fail) throw new ConnectError("the shelf fell down", Code.DataLoss);
  },
  async importBooks(requests) {
    const all: ImportBooksRequest[] = [];
    for await (const request of requests) all.push(request);
    return { requests: all };
  },
  uploadScan,
  copyScan,
  async *discussBook(requests) {
    for await (const { text } of requests) yield { text: `about ${text}` };
  },
});

async function uploadScan(requests: AsyncIterable<UploadScanRequest>) {
  const hash = createHash("sha256");
  const head = { name: "", contentType: "" };
  let bytes = 0;
  for await (const { name, scan } of requests) {
    head.name ||= name;
    head.contentType ||= scan?.contentType ?? "";
    const data = scan?.data ?? new Uint8Array();
    hash.update(data);
    bytes += data.byteLength;
  }
  return { ...head, bytes: BigInt(bytes), sha256: hash.digest("hex") };
}

async function* copyScan(requests: AsyncIterable<HttpBody>): AsyncGenerator<HttpBody> {
  yield* requests;
}

/** An edge in front of the library service. */
export async function startLibrary(): Promise<TestEdge> {
  await using cleanup = new AsyncDisposableStack();
  const backend = cleanup.use(
    await startGrpcServer({
      listen: "127.0.0.1:0",
      services: [libraryService],
      verifier: createVerifier(meshKeys.publicKeys),
      log: silent,
    }),
  );
  const edge = cleanup.use(
    await startTestEdge({ services: [LibraryService], upstreams: { library: backend.address } }),
  );
  const owned = cleanup.move();
  return { ...edge, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
