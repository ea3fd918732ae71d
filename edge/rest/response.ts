import type { DescMessage, JsonValue, Message, MessageShape } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import type { HttpBody } from "../../gen/google/api/httpbody_pb.ts";
import { HttpHeadSchema } from "../../gen/sluice/common/v1/options_pb.ts";
import { selectFields } from "../codec/field-selection.ts";
import { codingFor, sendCoded, varyByEncoding } from "../http/encoding/coded-response.ts";
import { type Headers, headerOf } from "../http/http.ts";
import { jsonType, sendWhole } from "../http/send.ts";
import { entityTagOf, isNamedBy } from "../method/conditional.ts";
import type { ResponseBinding } from "../method/route.ts";
import type { RestCall } from "./rest-call.ts";

/** Headers of the connection or of the edge, which no upstream sets. */
const ownHeaders = [
  "connection",
  "keep-alive",
  "strict-transport-security",
  "transfer-encoding",
  "upgrade",
  "x-request-id",
];
const isOwn = (name: string): boolean => ownHeaders.includes(name) || name.startsWith("access-control-");

/** Sends the one response message of a call. */
export async function sendResponse(call: RestCall, message: Message): Promise<void> {
  const { exchange, route } = call;
  if (!route.response.rawBody) return sendJson(call, message);
  const body = bodyOf(route.response, route.method.output, message);
  const { status = statusOf(call), headers } = headOf(route.response, body);
  sendWhole(exchange, status, headers, body.data);
}

async function sendJson(call: RestCall, message: Message): Promise<void> {
  const { exchange, route, acceptance } = call;
  const { conditional, response, method } = route;
  const { dialect } = exchange;
  const desc = method.output;
  const json = toJsonBody(call, message);
  const text = JSON.stringify(dialect.wrap ? dialect.wrap(json) : json);
  const compression = codingFor(text, acceptance);
  if (!conditional) {
    const headers = { "content-type": jsonType, ...cacheControl(response) };
    return sendCoded(exchange, statusOf(call), headers, text, compression);
  }
  const etag = entityTagOf(conditional, { desc, message, text, coding: compression?.name });
  const headers = { etag, "cache-control": response.cacheControl ?? conditional.cacheControl };
  if (isNamedBy(headerOf(exchange.request, "if-none-match"), etag)) {
    sendWhole(exchange, 304, { ...headers, ...varyByEncoding }, "");
  } else {
    await sendCoded(exchange, statusOf(call), { "content-type": jsonType, ...headers }, text, compression);
  }
}

/** The status of a successful response: the contract's, or else the dialect's. */
export const statusOf = ({ exchange, route }: RestCall): number =>
  route.response.status ?? exchange.dialect.successStatus(route.httpMethod);

/** A response message as JSON, or the one field of it that is the whole body, with the fields that the caller chose. */
export function toJsonBody({ exchange, route, selection }: RestCall, message: Message): JsonValue {
  const { field } = route.response;
  const json = exchange.dialect.encodeMessage(route.method.output, message);
  const body = field ? ((json as Record<string, JsonValue>)[field.jsonName] ?? null) : json;
  return selectFields(body, selection);
}

/** The google.api.HttpBody of a response message. */
export function bodyOf({ field }: ResponseBinding, desc: DescMessage, message: Message): HttpBody {
  if (!field) return message as HttpBody;
  const value = reflect(desc, message).get(field) as { message: Message };
  return value.message as HttpBody;
}

/** Status and headers: those of the body's HttpHead, or else of the contract. */
export function headOf(
  response: ResponseBinding,
  body: HttpBody,
): { status: number | undefined; headers: Headers; orgId: string } {
  const head = extensionOf(body, HttpHeadSchema);
  const given = Object.entries(head?.headers ?? {}).filter(([name]) => !isOwn(name.toLowerCase()));
  return {
    status: head?.status || response.status,
    orgId: head?.orgId ?? "",
    headers: {
      ...(body.contentType && { "content-type": body.contentType }),
      ...cacheControl(response),
      ...Object.fromEntries(given),
    },
  };
}

/** The extension of a type, if the body has one. */
export function extensionOf<D extends DescMessage>(body: HttpBody, schema: D): MessageShape<D> | undefined {
  return body.extensions.map((any) => anyUnpack(any, schema)).find((found) => found);
}

export const cacheControl = ({ cacheControl: value }: ResponseBinding): Headers =>
  value === undefined ? {} : { "cache-control": value };
