import type { Exchange } from "../http/exchange.ts";

/**
 * One way to speak to the edge over HTTP: Connect, gRPC, gRPC-Web, REST, the pages, the health checks, and what follows,
 * as tus or S3. For each request the edge asks the protocols in the order of their list, and the first that claims it
 * handles it. REST is the last and claims the rest.
 *
 * The edge has begun the exchange by then: request id, client address, trace context, cancellation, limits of the
 * headers and of idle connections, access log, metrics and trace hold for every protocol without its help. A protocol
 * that makes calls is created from the edge's `CallServices`. It
 *
 * 1. finds the method and sets `exchange.method` and `exchange.route`, for the log,
 * 2. awaits `admit(exchange, method, access)`, which checks the credential and takes the tokens and permits of the
 *    limits, before it reads the body: a call that is forwarded without it fails,
 * 3. reads the body by `http/read-chunks.ts`, within the bounds of the method,
 * 4. calls the method by `forward`, which adds deadline, request id and signed principal,
 * 5. sends the response by `http/send.ts`.
 */
export type Protocol = {
  /** Its value of `protocol` in the access log, the metrics and the trace, as `grpc-web`. */
  readonly name: string;
  /** Whether a request is this protocol's, by its head alone. It must not read the body. */
  claims(head: RequestHead): boolean;
  /**
   * Responds to the request, and resolves when no more is to be done. An error that is thrown before the response has
   * begun is sent as the dialect of the path writes it; thrown later, it breaks off the response.
   */
  handle(exchange: Exchange): Promise<void>;
};

/** A request before its body is read. */
export type RequestHead = Pick<Exchange, "request" | "path" | "rawQuery" | "dialect">;
