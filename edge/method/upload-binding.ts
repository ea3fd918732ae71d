import { create, type DescField, type DescMessage, type DescMethod, type Message } from "@bufbuild/protobuf";
import type { Rest_Upload } from "../../gen/sluice/common/v1/options_pb.ts";
import { fieldOf } from "../codec/fields.ts";
import { findParameter, type Parameter } from "../codec/parameters.ts";

/** How a body becomes a client stream: a header message, then chunks. */
export type UploadBinding = {
  readonly input: DescMessage;
  readonly header: DescField & { fieldKind: "message" };
  readonly formField: string;
  readonly name: Parameter | undefined;
  readonly contentType: Parameter | undefined;
  readonly size: Parameter | undefined;
  /** Whether there may be several files, each with its header. */
  readonly many: boolean;
  /** What holds for all of them if it is set before the first one. */
  readonly shared: readonly Parameter[];
  chunk(bytes: Uint8Array): Message;
};

export function createUploadBinding(method: DescMethod, upload: Rest_Upload): UploadBinding {
  const { input } = method;
  const refuse = (problem: string): never => {
    throw new Error(`${method.parent.typeName}.${method.name}: ${problem}`);
  };
  const header = fieldOf(input, upload.headerField);
  const chunk = fieldOf(input, upload.chunkField);
  if (method.methodKind !== "client_streaming") return refuse("an upload is a client stream");
  if (header?.fieldKind !== "message") return refuse(`${upload.headerField} is not the header of an upload`);
  if (chunk?.fieldKind !== "scalar") return refuse(`${upload.chunkField} is not a piece of an upload`);
  const inHeader = (name: string) =>
    name === "" ? undefined : findParameter(input, `${header.name}.${name}`);
  return {
    input,
    header,
    formField: upload.formField,
    name: inHeader(upload.nameField),
    contentType: inHeader(upload.contentTypeField),
    size: inHeader(upload.sizeField),
    many: upload.many,
    shared: upload.sharedFields.map(
      (name) => inHeader(name) ?? refuse(`${name} is not a field of its header`),
    ),
    chunk: (bytes) => create(input, holding(chunk, bytes)),
  };
}

function holding(field: DescField, value: Uint8Array): Record<string, unknown> {
  return field.oneof
    ? { [field.oneof.localName]: { case: field.localName, value } }
    : { [field.localName]: value };
}
