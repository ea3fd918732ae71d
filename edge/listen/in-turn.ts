import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Requests of a connection that wait for their turn; one more ends the connection. */
const waitingMax = 100;

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** What a connection of HTTP/1.1 has sent and has not been answered. */
type Turns = { current: ServerResponse | undefined; readonly waiting: [IncomingMessage, ServerResponse][] };

/**
 * Works on one request of a connection at a time. Node hands over each request as soon as it is parsed, and a caller may
 * send thousands without waiting for an answer. Answers leave one after the other in any case.
 */
export function inTurn(answer: Answer): Answer {
  const connections = new WeakMap<Socket, Turns>();
  const begin = (turns: Turns, request: IncomingMessage, response: ServerResponse) => {
    turns.current = response;
    response.once("close", () => next(turns));
    answer(request, response);
  };
  const next = (turns: Turns) => {
    turns.current = undefined;
    const following = turns.waiting.shift();
    // Behind an answer that ends its connection, or a caller who has gone, nothing is answered any more.
    if (following?.[0].socket.writable) begin(turns, ...following);
    else turns.waiting.length = 0;
  };
  return (request, response) => {
    const { socket } = request;
    const turns = connections.get(socket) ?? { current: undefined, waiting: [] };
    connections.set(socket, turns);
    if (!turns.current) begin(turns, request, response);
    else if (turns.waiting.length < waitingMax) turns.waiting.push([request, response]);
    else socket.destroy();
  };
}
