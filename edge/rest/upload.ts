import type { Message } from "@bufbuild/protobuf";
import { invalidField } from "../../services/lib/rpc/errors.ts";
import { decodeJson } from "../codec/decode.ts";
import {
  copyParameters,
  findParameter,
  type Parameter,
  type Parameters,
  setParameter,
} from "../codec/parameters.ts";
import { headerOf, mediaTypeOf } from "../http/http.ts";
import type { RequestBody } from "../http/read-body.ts";
import type { UploadBinding } from "../method/upload-binding.ts";
import { coalesce } from "./coalesce.ts";
import { type FormField, readForm } from "./form.ts";

/** The messages of an upload: a header, then the bytes, for the files of a form, or for a raw body. */
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
  const form = readForm(body, upload);
  let shared: readonly FormField[] | undefined;
  try {
    for await (const { fields, bytes, name, contentType } of form.files) {
      const own = copyParameters(parameters);
      for (const field of fields) setField(upload, own, field);
      // Of the first file.
      shared ??= fields.filter((field) => upload.shared.includes(fieldParameter(upload, field)));
      for (const field of shared) {
        if (!own.sources.has(fieldParameter(upload, field).name)) setField(upload, own, field);
      }
      setImplied(own, upload.name, name, "the file's name");
      setImplied(own, upload.contentType, knownType(contentType), "the file's media type");
      yield headerMessage(upload, own);
      for await (const chunk of coalesce(bytes)) yield upload.chunk(chunk);
    }
  } finally {
    form.stop();
  }
}

function setField(upload: UploadBinding, parameters: Parameters, field: FormField): void {
  setParameter(parameters, fieldParameter(upload, field), field[1], "form");
}

function fieldParameter({ input, header, shared }: UploadBinding, [name]: FormField): Parameter {
  const parameter = findParameter(input, `${header.name}.${name}`);
  if (!parameter) throw invalidField(name, "is not a field of this form");
  return shared.find((one) => one.name === parameter.name) ?? parameter;
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
