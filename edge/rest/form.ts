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
  /** Fields since the file before, in their order. */
  readonly fields: readonly FormField[];
  readonly bytes: AsyncIterable<Buffer>;
  readonly name: string | undefined;
  /** Undefined if the part names none. */
  readonly contentType: string | undefined;
};

export type FormField = readonly [name: string, value: string];

/** A multipart/form-data body that is being parsed. */
export type Form = {
  /**
   * The files, each as soon as it begins; there is at least one. It has to be read to its end, and throws unless the whole form
   * is valid.
   */
  readonly files: AsyncIterable<FormFile>;
  /** Stops parsing. */
  stop(): void;
};

/** Parses a form with one file or, if there may be many, several, no faster than they are consumed. Fields precede a file. */
export function readForm(
  body: RequestBody,
  { formField: fileField, many }: { readonly formField: string; readonly many: boolean },
): Form {
  const parser = createParser(body.request);
  const headers = readPartHeaders(parser);
  const progress = createProgress();
  const { fail, orFail } = progress;
  let fields: FormField[] = [];
  const refuseLate = (name: string) => {
    throw invalidField(name, `comes after the file: fields come before ${fileField}`);
  };
  parser.on("field", (name, value, _nameCut, valueCut) =>
    orFail(() => {
      if (progress.hasFile() && !many) refuseLate(name);
      if (valueCut) throw invalidField(name, `is longer than ${limits.fieldSize} bytes`);
      fields.push([name, value]);
    }),
  );
  parser.on("file", (name, bytes, fileName, _encoding, contentType) => {
    bytes.on("error", fail);
    orFail(() => {
      if (name !== fileField) throw invalidField(name, `is not the form's file: that is ${fileField}`);
      if (progress.hasFile() && !many) throw invalidField(name, "is there twice");
      const before = fields;
      fields = [];
      progress.begin(bytes, {
        fields: before,
        name: fileName ? headers.fileNameOf(fileName) : undefined,
        contentType: headers.hasMediaType() ? contentType : undefined,
      });
    });
  });
  parser.on("finish", () =>
    orFail(() => {
      if (!progress.hasFile()) throw invalidField(fileField, "is missing: the form has no such file");
      const [late] = fields;
      if (late) refuseLate(late[0]);
      progress.finish();
    }),
  );
  parser.on("fieldsLimit", () => fail(invalidField("body", `has more than ${limits.fields} fields`)));
  parser.on("error", fail);
  feed(body, parser, progress.signal).catch(fail);
  return progress.form;
}

function createParser(request: HttpRequest) {
  try {
    const headers = { "content-type": headerOf(request, "content-type") ?? "" };
    // The service validates names with folders: they must not be changed here.
    return new Busboy({ headers, limits, fileHwm: fileBufferBytes, preservePath: true });
  } catch (error) {
    throw notAForm(error);
  }
}

/** Outcome of parsing. The first failure is kept. */
function createProgress() {
  const stop = new AbortController();
  const begun: Readable[] = [];
  const waiting: FormFile[] = [];
  let failure: unknown;
  let isFinished = false;
  let wake = () => {};
  const fail = (error: unknown) => {
    failure ??= error instanceof ConnectError ? error : notAForm(error);
    for (const bytes of begun) bytes.destroy();
    stop.abort();
    wake();
  };
  const orFail = (work: () => void) => {
    try {
      work();
    } catch (error) {
      fail(error);
    }
  };
  async function* withFailure(bytes: Readable): AsyncGenerator<Buffer> {
    try {
      yield* bytes;
    } catch (error) {
      throw failure ?? error;
    }
  }
  async function* files(): AsyncGenerator<FormFile> {
    for (;;) {
      if (failure) throw failure;
      const next = waiting.shift();
      if (next) yield next;
      else if (isFinished) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }
  return {
    form: { files: files(), stop: () => stop.abort() },
    signal: stop.signal,
    fail,
    orFail,
    hasFile: () => begun.length > 0,
    finish() {
      isFinished = true;
      wake();
    },
    begin(bytes: Readable, head: Omit<FormFile, "bytes">) {
      begun.push(bytes);
      waiting.push({ bytes: withFailure(bytes), ...head });
      wake();
    },
  };
}

async function feed(body: RequestBody, parser: Writable, signal: AbortSignal): Promise<void> {
  for await (const chunk of body.chunks()) {
    if (signal.aborted) return;
    if (!parser.write(chunk)) await awaitWritable(parser, signal);
  }
  parser.end();
}

const notAForm = (error: unknown): ConnectError =>
  invalidField("body", `is not a whole form: ${(error as Error).message}`);
