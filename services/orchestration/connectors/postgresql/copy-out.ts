import type { Duplex, Writable } from "node:stream";
import postgres from "postgres";
import { sourceDataInvalid, sourceUnreachable } from "../../errors.ts";
import { createCopyReader, type ServerMessage } from "./copy-rows.ts";

/** How long a server may send nothing although its rows are waited for, in milliseconds. */
const silenceMsMax = 5 * 60_000;

/**
 * Sends a COPY … TO STDOUT over a connection that nobody uses meanwhile, and writes its rows to `sink` no faster than
 * it takes them. Answers how many rows the server says it sent, if it does. Fails with PostgresError or as the client does when the
 * connection closes. postgres.js itself makes a buffer and an event of every row, which takes longer than the server's
 * own work on it.
 */
export async function copyOut(
  socket: Duplex,
  statement: string,
  sink: Writable,
  silenceMs = silenceMsMax,
): Promise<number | undefined> {
  const { promise: ended, resolve, reject } = Promise.withResolvers<number | undefined>();
  let failure: Error | undefined;
  let tag: string | undefined;
  const read = createCopyReader(({ kind, body }: ServerMessage) => {
    if (kind === "E") failure = toPostgresError(body);
    if (kind === "C") tag = body.toString("latin1");
    // The server is ready for the next statement.
    if (kind === "Z") tag === undefined ? reject(failure ?? rowsNotEnded()) : resolve(rowsOf(tag));
  });
  const silence = setTimeout(() => {
    // Not the server is silent but the sink is full.
    if (socket.isPaused()) silence.refresh();
    else reject(sourceSilent(silenceMs));
  }, silenceMs);
  const take = (piece: Buffer) => {
    silence.refresh();
    const rows = read(piece);
    // What is too late for a sink that has been destroyed is only read to come to the end.
    if (rows.length === 0 || sink.destroyed || sink.write(rows)) return;
    // The server sends small pieces: they are written many at a time.
    sink.uncork();
    sink.cork();
    if (sink.writableNeedDrain) socket.pause();
  };
  const goOn = () => {
    silence.refresh();
    socket.resume();
  };
  const close = () => reject(failure ?? connectionClosed());
  const client = socket.listeners("data") as ((piece: Buffer) => void)[];
  socket.removeAllListeners("data");
  socket.on("data", take);
  sink.on("drain", goOn).on("close", goOn);
  socket.on("close", close);
  sink.cork();
  try {
    if (socket.destroyed) close();
    socket.write(queryMessage(statement));
    return await ended;
  } finally {
    clearTimeout(silence);
    socket.off("data", take);
    socket.off("close", close);
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

/** The tag of a command that is complete, as `COPY 12`. */
function rowsOf(tag: string): number | undefined {
  const [, rows] = /^COPY (\d{1,15})\0$/.exec(tag) ?? [];
  return rows === undefined ? undefined : Number(rows);
}

const rowsNotEnded = () => sourceDataInvalid("the source does not say that it sent all rows");

const connectionClosed = () =>
  Object.assign(new Error("the connection was closed"), { code: "CONNECTION_CLOSED" });

const sourceSilent = (silenceMs: number) =>
  sourceUnreachable(`the source was cut off: it sent nothing for ${silenceMs / 1000} s`);
