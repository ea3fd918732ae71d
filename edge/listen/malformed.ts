import type { Socket } from "node:net";
import { Code, type ConnectError } from "@connectrpc/connect";
import { httpError } from "../errors/http-error.ts";
import { toErrorAnswer } from "../errors/status.ts";
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

/** What Node's parser stumbled over. */
export type ParserError = Error & { readonly code?: string; readonly reason?: string };

/** What a caller is told of bytes that no request could be made of. */
export function malformed({ code, reason = "it is malformed" }: ParserError): ConnectError {
  if (code === "HPE_HEADER_OVERFLOW") return headersTooLarge();
  if (code === "HPE_CHUNK_EXTENSIONS_OVERFLOW") return chunksTooLong();
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return headersLate();
  return notHttp(reason);
}

/** Answers an error on a connection of HTTP/1.1 without a request, and ends the connection. */
export function endWithError(socket: Socket, error: ConnectError): void {
  if (socket.destroyed || socket.writableEnded) return;
  const { status, headers, body } = toErrorAnswer(error);
  const text = JSON.stringify(body);
  const all = { "content-type": "application/json", "content-length": Buffer.byteLength(text), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  endSoftly(
    socket,
    `HTTP/1.1 ${status} ${reasons[status] ?? "Error"}\r\nConnection: close\r\n${lines.join("")}\r\n${text}`,
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
