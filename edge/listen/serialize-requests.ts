import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Most requests in the queue of a connection; one more destroys it. */
const waitingMax = 100;

type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** The pipelined requests of a connection. */
type RequestQueue = {
  current: ServerResponse | undefined;
  readonly waiting: [IncomingMessage, ServerResponse][];
};

/**
 * Handles one request of a connection at a time. Node emits pipelined requests as it parses them, so that a client could
 * start thousands of calls whose responses are sent one after the other in any case.
 */
export function serializeRequests(handle: RequestHandler): RequestHandler {
  const connections = new WeakMap<Socket, RequestQueue>();
  const begin = (queue: RequestQueue, request: IncomingMessage, response: ServerResponse) => {
    queue.current = response;
    response.once("close", () => next(queue));
    handle(request, response);
  };
  const next = (queue: RequestQueue) => {
    queue.current = undefined;
    const following = queue.waiting.shift();
    // Nothing can be sent after a response that closes the connection, or to a client that has gone.
    if (following?.[0].socket.writable) begin(queue, ...following);
    else queue.waiting.length = 0;
  };
  return (request, response) => {
    const { socket } = request;
    const queue = connections.get(socket) ?? { current: undefined, waiting: [] };
    connections.set(socket, queue);
    if (!queue.current) begin(queue, request, response);
    else if (queue.waiting.length < waitingMax) queue.waiting.push([request, response]);
    else socket.destroy();
  };
}
