import type { Duplex, Writable } from "node:stream";
import postgres from "postgres";
import { sourceDataInvalid, sourceUnreachable } from "../../../errors.ts";
import { createCopyReader, type ServerMessage } from "./copy-rows.ts";

/** Idle timeout of a server whose rows are awaited, in milliseconds. */
const silenceMsMax = 5 * 60_000;

/**
 * Runs a COPY … TO STDOUT on an exclusive connection and writes its rows to `sink` with backpressure. Returns the number of
 * rows that the server reports, if it does. Fails with PostgresError, or like the client if the connection closes. The COPY of
 * postgres.js creates a buffer and an event per row, which costs more than the server's own work.
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
    // ReadyForQuery ends the COPY.
    if (kind === "Z") tag === undefined ? reject(failure ?? rowsNotEnded()) : resolve(rowsOf(tag));
  });
  const silence = setTimeout(() => {
    // The sink is full; the server is not to blame.
    if (socket.isPaused()) silence.refresh();
    else reject(sourceSilent(silenceMs));
  }, silenceMs);
  const take = (chunk: Buffer) => {
    silence.refresh();
    const rows = read(chunk);
    // Rows for a destroyed sink are discarded until the COPY ends.
    if (rows.length === 0 || sink.destroyed || sink.write(rows)) return;
    // The server sends small chunks; the cork batches them.
    sink.uncork();
    sink.cork();
    if (sink.writableNeedDrain) socket.pause();
  };
  const resume = () => {
    silence.refresh();
    socket.resume();
  };
  const close = () => reject(failure ?? connectionClosed());
  const client = socket.listeners("data") as ((chunk: Buffer) => void)[];
  socket.removeAllListeners("data");
  socket.on("data", take);
  sink.on("drain", resume).on("close", resume);
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
    sink.off("drain", resume).off("close", resume);
    for (const listener of client) socket.on("data", listener);
  }
}
/** A Query message of the simple protocol. */
function queryMessage(statement: string): Buffer {
  const text = Buffer.from(`${statement}\0`);
  const head = Buffer.alloc(5, "Q");
  head.writeUInt32BE(text.length + 4, 1);
  return Buffer.concat([head, text]);
}

/** Fields of an ErrorResponse: each is a letter, a text and a NUL. */
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
  // The type declaration lacks the constructor, which takes the fields.
  const { PostgresError } = postgres as unknown as { PostgresError: new (fields: object) => Error };
  return new PostgresError(Object.fromEntries(fields));
}

/** Row count of a CommandComplete tag, as `COPY 12`. */
function rowsOf(tag: string): number | undefined {
  const [, rows] = /^COPY (\d{1,15})\0$/.exec(tag) ?? [];
  return rows === undefined ? undefined : Number(rows);
}

const rowsNotEnded = () => sourceDataInvalid("the source does not say that it sent all rows");

const connectionClosed = () =>
  Object.assign(new Error("the connection was closed"), { code: "CONNECTION_CLOSED" });

const sourceSilent = (silenceMs: number) =>
  sourceUnreachable(`the source was cut off: it sent nothing for ${silenceMs / 1000} s`);
