import type { Message } from "@bufbuild/protobuf";
import { invalidField } from "../../services/lib/rpc/errors.ts";
import { decodeJson } from "../codec/decode.ts";
import { findParameter, type Parameter, type Parameters, setParameter } from "../codec/parameters.ts";
import { headerOf, mediaTypeOf } from "../http/http.ts";
import type { RequestBody } from "../http/read-body.ts";
import type { UploadBinding } from "../method/upload-binding.ts";
import { readForm } from "./form.ts";
import { coalesce } from "./pieces.ts";

/** The messages of an upload: its header, then the bytes of a form's file or of a raw body. */
export function uploadMessages(
  upload: UploadBinding,
  parameters: Parameters,
  body: RequestBody,
): AsyncGenerator<Message> {
  const isForm = mediaTypeOf(body.request) === "multipart/form-data";
  return isForm ? formMessages(upload, parameters, body) : rawMessages(upload, parameters, body);
}

async function* rawMessages(
  upload: UploadBinding,
  parameters: Parameters,
  body: RequestBody,
): AsyncGenerator<Message> {
  setImplied(parameters, upload.contentType, knownType(mediaTypeOf(body.request)), "the header content-type");
  setImplied(
    parameters,
    upload.size,
    // Of a compressed body it is another size.
    body.isCompressed ? undefined : headerOf(body.request, "content-length"),
    "the header content-length",
  );
  yield headerMessage(upload, parameters);
  for await (const piece of coalesce(body.chunks())) yield upload.chunk(piece);
}

async function* formMessages(
  upload: UploadBinding,
  parameters: Parameters,
  body: RequestBody,
): AsyncGenerator<Message> {
  const form = readForm(body, upload.formField, (name, value) => {
    const parameter = findParameter(upload.input, `${upload.header.name}.${name}`);
    if (!parameter) throw invalidField(name, "is not a field of this form");
    setParameter(parameters, parameter, value, "form");
  });
  try {
    const file = await form.file;
    setImplied(parameters, upload.name, file.name, "the file's name");
    setImplied(parameters, upload.contentType, knownType(file.contentType), "the file's media type");
    yield headerMessage(upload, parameters);
    for await (const piece of coalesce(file.bytes)) yield upload.chunk(piece);
    await form.finished;
  } finally {
    form.stop();
  }
}

function headerMessage({ input, header }: UploadBinding, { tree }: Parameters): Message {
  tree[header.name] ??= {};
  return decodeJson(input, tree);
}

/** Sets what the transfer says by the way, unless the caller said something else outright. */
function setImplied(
  parameters: Parameters,
  parameter: Parameter | undefined,
  text: string | undefined,
  source: string,
): void {
  if (!parameter || text === undefined || parameters.sources.has(parameter.name)) return;
  setParameter(parameters, parameter, text, source);
}

// What clients send when they know no better: curl the latter for every raw body.
const unknownTypes: (string | undefined)[] = [
  "application/octet-stream",
  "application/x-www-form-urlencoded",
];
const knownType = (type: string | undefined): string | undefined =>
  unknownTypes.includes(type) ? undefined : type;
