import { Code, ConnectError } from "@connectrpc/connect";
import type { HttpRequest } from "./http.ts";

const requests = new WeakSet<HttpRequest>();

export const markInBatch = (request: HttpRequest): void => {
  requests.add(request);
};

/** Whether a request is a call of a batch, whose response must be one JSON text. */
export const isInBatch = (request: HttpRequest): boolean => requests.has(request);

export const notInBatch = () =>
  new ConnectError("a stream, an upload or a download can't be a call of a batch", Code.Unimplemented);
