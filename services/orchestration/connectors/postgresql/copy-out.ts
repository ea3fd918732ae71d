import type { Writable } from "node:stream";
import postgres from "postgres";
import { createCopyReader, type ServerMessage } from "./copy-rows.ts";
import type { OpenSocket } from "./open-socket.ts";

/**
 * Sends a COPY … TO STDOUT over a connection that nobody uses meanwhile, and writes its rows to `sink` no faster than
 * it takes them. Fails with PostgresError or as the client does when the connection closes. postgres.js itself makes a
 * buffer and an event of every row, which takes longer than the server's own work on it.
 */
export async function copyOut({ socket, raw }: OpenSocket, statement: string, sink: Writable): Promise<void> {
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  let failure: Error | undefined;
  const read = createCopyReader(({ kind, body }: ServerMessage) => {
    if (kind === "E") failure = toPostgresError(body);
    // The server is ready for the next statement.
    if (kind === "Z") failure ? reject(failure) : resolve();
  });
  const take = (piece: Buffer) => {
    const rows = read(piece);
    // What is too late for a sink that has been destroyed is only read to come to the end.
    if (rows.length === 0 || sink.destroyed || sink.write(rows)) return;
    // The server sends small pieces: they are written many at a time.
    sink.uncork();
    sink.cork();
    if (sink.writableNeedDrain) socket.pause();
  };
  const goOn = () => void socket.resume();
  const close = () => reject(failure ?? connectionClosed());
  const client = socket.listeners("data") as ((piece: Buffer) => void)[];
  socket.removeAllListeners("data");
  socket.on("data", take);
  sink.on("drain", goOn).on("close", goOn);
  raw.on("close", close);
  sink.cork();
  try {
    if (raw.destroyed) close();
    socket.write(queryMessage(statement));
    await ended;
  } finally {
    socket.off("data", take);
    raw.off("close", close);
    sink.uncork();
    sink.off("drain", goOn).off("close", goOn);
    for (const listener of client) socket.on("data", listener);
  }
}

/** A statement in the simple protocol. */
function queryMessage(statement: string): Buffer {
  const text = Buffer.from(`${statement}\0`);
  const head = Buffer.alloc(5, "Q");
  head.writeUInt32BE(text.length + 4, 1);
  return Buffer.concat([head, text]);
}

/** Fields of an ErrorResponse: a letter, text and a NUL each. */
const fieldNames: Readonly<Record<string, string>> = {
  C: "code",
  M: "message",
  S: "severity",
  P: "position",
};

function toPostgresError(body: Buffer): Error {
  const fields = body
    .toString()
    .split("\0")
    .filter((field) => field !== "")
    .map((field) => [fieldNames[field.charAt(0)] ?? field.charAt(0), field.slice(1)] as const);
  // Its declaration leaves the constructor out, which takes the fields.
  const { PostgresError } = postgres as unknown as { PostgresError: new (fields: object) => Error };
  return new PostgresError(Object.fromEntries(fields));
}

const connectionClosed = () =>
  Object.assign(new Error("the connection was closed"), { code: "CONNECTION_CLOSED" });
