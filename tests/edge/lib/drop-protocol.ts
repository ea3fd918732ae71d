import { create } from "@bufbuild/protobuf";
import type { CallServices } from "../../../edge/call/call-services.ts";
import { methodNotAllowed } from "../../../edge/errors/http-error.ts";
import { boundsOf } from "../../../edge/http/bounds.ts";
import { headerOf } from "../../../edge/http/http.ts";
import { type Incoming, readChunks } from "../../../edge/http/read-chunks.ts";
import { sendWhole } from "../../../edge/http/send.ts";
import { accessOf } from "../../../edge/method/access.ts";
import type { Protocol } from "../../../edge/protocols/protocol.ts";
import {
  EchoService,
  type UploadRequest,
  UploadRequestSchema,
  type UploadResponse,
} from "../../../gen/sluice/test/v1/echo_pb.ts";

const { upload: method } = EchoService.method;
const verbs = ["PUT", "REPORT"];

/**
 * A small upload protocol with its own HTTP methods and headers, as an extension would add it: REPORT returns the version,
 * PUT stores a body and responds with its hash in a header.
 */
export const createDropProtocol = ({ admit, forward, limits }: CallServices): Protocol => ({
  name: "drop",
  claims: ({ path }) => path.startsWith("/drop/"),
  async handle(exchange) {
    const { request, path } = exchange;
    exchange.method = method;
    exchange.route = "/drop/{name}";
    if (request.method === "REPORT") return sendWhole(exchange, 204, { "drop-version": "1" }, "");
    if (request.method !== "PUT") throw methodNotAllowed(verbs);
    await admit(exchange, method, accessOf(method));
    const { streamBytesMax } = boundsOf(method);
    const incoming = { request, pauseMs: limits.pauseMs, streamBytesMax };
    const name = path.slice("/drop/".length);
    const messages = uploadMessages(name, headerOf(request, "drop-type"), incoming);
    const call = { exchange, method, timeoutMs: undefined };
    const { sha256, bytes } = (await forward.collect(call, messages)) as UploadResponse;
    sendWhole(exchange, 201, { "drop-sha256": sha256, "drop-bytes": String(bytes) }, "");
  },
});

async function* uploadMessages(
  name: string,
  contentType: string | undefined,
  incoming: Incoming,
): AsyncGenerator<UploadRequest> {
  const header = { name, ...(contentType !== undefined && { contentType }) };
  yield create(UploadRequestSchema, { part: { case: "header", value: header } });
  for await (const value of readChunks(incoming)) {
    yield create(UploadRequestSchema, { part: { case: "chunk", value } });
  }
}

/** A protocol with a mistake: it forwards a call that was not admitted. */
export const createHastyProtocol = ({ forward }: CallServices): Protocol => ({
  name: "hasty",
  claims: ({ path }) => path === "/hasty",
  async handle(exchange) {
    const message = create(EchoService.method.look.input, { name: "hasty" });
    await forward.unary({ exchange, method: EchoService.method.look, timeoutMs: 1000 }, message);
    sendWhole(exchange, 200, {}, "");
  },
});
