import type { Socket } from "node:net";
import { Code, type ConnectError } from "@connectrpc/connect";
import type { Dialect } from "../dialects/dialect.ts";
import { httpError } from "../errors/http-error.ts";
import { headersTooLarge } from "../http/head-limits.ts";

/** How long a caller may take to read why its connection ends, in milliseconds. */
const lingerMs = 2_000;

const reasons: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  413: "Content Too Large",
  431: "Request Header Fields Too Large",
  503: "Service Unavailable",
};

const headersLate = () => httpError(408, Code.DeadlineExceeded, "the headers did not come in time");
const chunksTooLong = () => httpError(413, Code.InvalidArgument, "the extensions of the chunks are too long");
const notHttp = (reason: string) =>
  httpError(400, Code.InvalidArgument, `the request is not HTTP: ${reason}`);

/** An error of Node's parser. */
export type ParserError = Error & {
  readonly code?: string;
  readonly reason?: string;
  /** The bytes that were being parsed. */
  readonly rawPacket?: Uint8Array;
};

/** The error for bytes that are not an HTTP request. */
export function malformed({ code, reason = "it is malformed" }: ParserError): ConnectError {
  if (code === "HPE_HEADER_OVERFLOW") return headersTooLarge();
  if (code === "HPE_CHUNK_EXTENSIONS_OVERFLOW") return chunksTooLong();
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return headersLate();
  return notHttp(reason);
}

/** Sends an error on a connection of HTTP/1.1 that has no request, and ends the connection. */
export function endWithError(socket: Socket, error: ConnectError, dialect: Dialect): void {
  if (socket.destroyed || socket.writableEnded) return;
  const { status, headers, contentType, body } = dialect.encodeError(error);
  const all = { "content-type": contentType, "content-length": Buffer.byteLength(body), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  endSoftly(
    socket,
    `HTTP/1.1 ${status} ${reasons[status] ?? "Error"}\r\nConnection: close\r\n${lines.join("")}\r\n${body}`,
  );
}

/** Sends the last bytes of a connection, and ends it when the other side has had a chance to read them. */
export function endSoftly(socket: Socket, last: string | Uint8Array): void {
  const end = () => socket.destroy();
  const timer = setTimeout(end, lingerMs).unref();
  socket.once("close", () => clearTimeout(timer));
  socket.once("end", end);
  socket.end(last);
  socket.resume();
}
