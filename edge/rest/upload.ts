import type { Message } from "@bufbuild/protobuf";
import { invalidField } from "../../services/lib/rpc/errors.ts";
import { decodeJson } from "../codec/decode.ts";
import { findParameter, type Parameter, type Parameters, setParameter } from "../codec/parameters.ts";
import { headerOf, mediaTypeOf } from "../http/http.ts";
import type { RequestBody } from "../http/read-body.ts";
import type { UploadBinding } from "../method/upload-binding.ts";
import { coalesce } from "./coalesce.ts";
import { readForm } from "./form.ts";

/** The messages of an upload: a header, then the bytes of the file of a form, or of a raw body. */
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
    // The length of a compressed body is not the size of its content.
    body.isCompressed ? undefined : headerOf(body.request, "content-length"),
    "the header content-length",
  );
  yield headerMessage(upload, parameters);
  for await (const bytes of coalesce(body.chunks())) yield upload.chunk(bytes);
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
    for await (const bytes of coalesce(file.bytes)) yield upload.chunk(bytes);
    await form.finished;
  } finally {
    form.stop();
  }
}

function headerMessage({ input, header }: UploadBinding, { tree }: Parameters): Message {
  tree[header.name] ??= {};
  return decodeJson(input, tree);
}

/** Sets a field from the transfer, unless a parameter has set it. */
function setImplied(
  parameters: Parameters,
  parameter: Parameter | undefined,
  text: string | undefined,
  source: string,
): void {
  if (!parameter || text === undefined || parameters.sources.has(parameter.name)) return;
  setParameter(parameters, parameter, text, source);
}

// Defaults of clients; curl sends the latter for every raw body.
const unknownTypes: (string | undefined)[] = [
  "application/octet-stream",
  "application/x-www-form-urlencoded",
];
const knownType = (type: string | undefined): string | undefined =>
  unknownTypes.includes(type) ? undefined : type;
