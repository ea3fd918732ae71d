import { type DescMessage, type Message, toJson } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import type { HttpBody } from "../../gen/google/api/httpbody_pb.ts";
import { HttpHeadSchema } from "../../gen/sluice/common/v1/options_pb.ts";
import type { Headers } from "../http.ts";
import { jsonType, type Outgoing, sendWhole } from "./outgoing.ts";
import type { Answering, Route } from "./route.ts";

/** Headers that belong to a connection or to the edge: an upstream does not set them. */
const ownHeaders = [
  "connection",
  "keep-alive",
  "strict-transport-security",
  "transfer-encoding",
  "upgrade",
  "x-request-id",
];
const isOwn = (name: string): boolean => ownHeaders.includes(name) || name.startsWith("access-control-");

/** Writes the one answer of a call. */
export function sendAnswer(out: Outgoing, { answer, method }: Route, message: Message): void {
  if (answer.rawBody) {
    const body = bodyOf(answer, method.output, message);
    const { status, headers } = headOf(answer, body);
    sendWhole(out, status, headers, body.data);
  } else {
    const headers = { "content-type": jsonType, ...cacheControl(answer) };
    sendWhole(out, answer.status, headers, toJsonText(answer, method.output, message));
  }
}

/** Spells an answer, or its one field that is the whole answer, as JSON. */
export function toJsonText({ field }: Answering, desc: DescMessage, message: Message): string {
  // A reader of JSON expects to see an empty list and a false, not to miss them.
  const json = toJson(desc, message, { alwaysEmitImplicit: true });
  if (!field) return JSON.stringify(json);
  return JSON.stringify((json as Record<string, unknown>)[field.jsonName] ?? null);
}

/** The google.api.HttpBody of an answer. */
export function bodyOf({ field }: Answering, desc: DescMessage, message: Message): HttpBody {
  if (!field) return message as HttpBody;
  const value = reflect(desc, message).get(field) as { message: Message };
  return value.message as HttpBody;
}

/** Status and headers as the body's HttpHead says, or else as the contract says. */
export function headOf(answer: Answering, body: HttpBody): { status: number; headers: Headers } {
  const head = body.extensions.map((any) => anyUnpack(any, HttpHeadSchema)).find((found) => found);
  const given = Object.entries(head?.headers ?? {}).filter(([name]) => !isOwn(name.toLowerCase()));
  return {
    status: head?.status || answer.status,
    headers: {
      ...(body.contentType && { "content-type": body.contentType }),
      ...cacheControl(answer),
      ...Object.fromEntries(given),
    },
  };
}

export const cacheControl = ({ cacheControl: value }: Answering): Headers =>
  value === undefined ? {} : { "cache-control": value };
