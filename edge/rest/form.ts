import type { Readable, Writable } from "node:stream";
import { ConnectError } from "@connectrpc/connect";
import { Busboy } from "@fastify/busboy";
import { invalidField } from "../../services/lib/errors.ts";
import { awaitWritable } from "../../services/lib/writable.ts";
import { type HttpRequest, headerOf } from "../http.ts";
import { readPieces } from "./body.ts";

const limits = { fieldSize: 64 * 1024, fields: 100, headerPairs: 50, headerSize: 16 * 1024 };
const fileBufferBytes = 256 * 1024;

export type FormFile = {
  readonly bytes: Readable;
  readonly name: string | undefined;
  readonly contentType: string;
};

/** A multipart/form-data body that is being read. */
export type Form = {
  /** The one file, as soon as it begins; rejects if there is none. */
  readonly file: Promise<FormFile>;
  /** Resolves when the whole form was right. */
  readonly finished: Promise<void>;
  /** Ends the reading, done or not. */
  stop(): void;
};

/** Reads a form with one file, no faster than the file is taken. `onField` gets the fields, which come before it. */
export function readForm(
  request: HttpRequest,
  fileField: string,
  onField: (name: string, value: string) => void,
): Form {
  const file = Promise.withResolvers<FormFile>();
  const finished = Promise.withResolvers<void>();
  const stop = new AbortController();
  const parser = createParser(request);
  let begun: FormFile | undefined;
  const fail = (error: unknown) => {
    const told = error instanceof ConnectError ? error : invalidField("body", describe(error));
    file.reject(told);
    finished.reject(told);
    begun?.bytes.destroy(told);
    stop.abort();
  };
  const orFail = (work: () => void) => {
    try {
      work();
    } catch (error) {
      fail(error);
    }
  };
  parser.on("field", (name, value, _nameTruncated, valueTruncated) =>
    orFail(() => {
      if (begun) throw invalidField(name, `comes after the file: fields come before ${fileField}`);
      if (valueTruncated) throw invalidField(name, `is longer than ${limits.fieldSize} bytes`);
      onField(name, value);
    }),
  );
  parser.on("file", (name, bytes, fileName, _encoding, contentType) => {
    bytes.on("error", fail);
    orFail(() => {
      if (name !== fileField) throw invalidField(name, `is not the form's file: that is ${fileField}`);
      if (begun) throw invalidField(name, "is there twice");
      begun = { bytes, name: fileName || undefined, contentType };
      file.resolve(begun);
    });
  });
  parser.on("finish", () => {
    if (!begun) fail(invalidField(fileField, "is missing: the form has no such file"));
    finished.resolve();
  });
  parser.on("error", fail);
  for (const promise of [file.promise, finished.promise]) promise.catch(() => undefined);
  feed(request, parser, stop.signal).catch(fail);
  return { file: file.promise, finished: finished.promise, stop: () => stop.abort() };
}

function createParser(request: HttpRequest) {
  try {
    const headers = { "content-type": headerOf(request, "content-type") ?? "" };
    // A name with folders in it is the receiver's to refuse, not ours to change.
    return new Busboy({ headers, limits, fileHwm: fileBufferBytes, preservePath: true });
  } catch (error) {
    throw invalidField("body", describe(error));
  }
}

async function feed(request: HttpRequest, parser: Writable, signal: AbortSignal): Promise<void> {
  for await (const piece of readPieces(request)) {
    if (signal.aborted) return;
    if (!parser.write(piece)) await awaitWritable(parser, signal);
  }
  parser.end();
}

const describe = (error: unknown): string => `is not a form: ${(error as Error).message}`;
