import type { Readable, Writable } from "node:stream";
import { ConnectError } from "@connectrpc/connect";
import { Busboy } from "@fastify/busboy";
import { awaitWritable } from "../../services/lib/mesh/await-writable.ts";
import { invalidField } from "../../services/lib/rpc/errors.ts";
import { type HttpRequest, headerOf } from "../http/http.ts";
import type { RequestBody } from "../http/read-body.ts";
import { readPartHeaders } from "./part-headers.ts";

const limits = { fieldSize: 64 * 1024, fields: 100, headerPairs: 50, headerSize: 16 * 1024 };
const fileBufferBytes = 256 * 1024;

type FormFile = {
  readonly bytes: AsyncIterable<Buffer>;
  readonly name: string | undefined;
  /** Undefined where the part does not say. */
  readonly contentType: string | undefined;
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
  body: RequestBody,
  fileField: string,
  onField: (name: string, value: string) => void,
): Form {
  const parser = createParser(body.request);
  const headers = readPartHeaders(parser);
  const progress = createProgress();
  const { fail, orFail } = progress;
  parser.on("field", (name, value, _nameCut, valueCut) =>
    orFail(() => {
      if (progress.hasFile())
        throw invalidField(name, `comes after the file: fields come before ${fileField}`);
      if (valueCut) throw invalidField(name, `is longer than ${limits.fieldSize} bytes`);
      onField(name, value);
    }),
  );
  parser.on("file", (name, bytes, fileName, _encoding, contentType) => {
    bytes.on("error", fail);
    orFail(() => {
      if (name !== fileField) throw invalidField(name, `is not the form's file: that is ${fileField}`);
      if (progress.hasFile()) throw invalidField(name, "is there twice");
      progress.begin(bytes, {
        name: fileName ? headers.fileNameOf(fileName) : undefined,
        contentType: headers.hasMediaType() ? contentType : undefined,
      });
    });
  });
  parser.on("finish", () => {
    if (progress.hasFile()) progress.finish();
    else fail(invalidField(fileField, "is missing: the form has no such file"));
  });
  parser.on("fieldsLimit", () => fail(invalidField("body", `has more than ${limits.fields} fields`)));
  parser.on("error", fail);
  feed(body, parser, progress.signal).catch(fail);
  return progress.form;
}

function createParser(request: HttpRequest) {
  try {
    const headers = { "content-type": headerOf(request, "content-type") ?? "" };
    // A name with folders in it is the receiver's to refuse, not ours to change.
    return new Busboy({ headers, limits, fileHwm: fileBufferBytes, preservePath: true });
  } catch (error) {
    throw notAForm(error);
  }
}

/** How far the reading has come. The first failure is the one that counts. */
function createProgress() {
  const file = Promise.withResolvers<FormFile>();
  const finished = Promise.withResolvers<void>();
  const stop = new AbortController();
  let begun: Readable | undefined;
  let failure: unknown;
  // Whoever waits for neither is not to be told by a crash.
  for (const { promise } of [file, finished]) promise.catch(() => undefined);
  const fail = (error: unknown) => {
    failure ??= error instanceof ConnectError ? error : notAForm(error);
    file.reject(failure);
    finished.reject(failure);
    begun?.destroy();
    stop.abort();
  };
  const orFail = (work: () => void) => {
    try {
      work();
    } catch (error) {
      fail(error);
    }
  };
  async function* told(bytes: Readable): AsyncGenerator<Buffer> {
    try {
      yield* bytes;
    } catch (error) {
      throw failure ?? error;
    }
  }
  return {
    form: { file: file.promise, finished: finished.promise, stop: () => stop.abort() },
    signal: stop.signal,
    fail,
    orFail,
    hasFile: () => begun !== undefined,
    finish: () => finished.resolve(),
    begin(bytes: Readable, head: Omit<FormFile, "bytes">) {
      begun = bytes;
      file.resolve({ bytes: told(bytes), ...head });
    },
  };
}

async function feed(body: RequestBody, parser: Writable, signal: AbortSignal): Promise<void> {
  for await (const piece of body.chunks()) {
    if (signal.aborted) return;
    if (!parser.write(piece)) await awaitWritable(parser, signal);
  }
  parser.end();
}

const notAForm = (error: unknown): ConnectError =>
  invalidField("body", `is not a whole form: ${(error as Error).message}`);
