import { type DescMessage, type Message, type MessageShape, toJson } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import type { HttpBody } from "../../gen/google/api/httpbody_pb.ts";
import { HttpHeadSchema } from "../../gen/sluice/common/v1/options_pb.ts";
import { typesOf } from "../errors/usual-types.ts";
import type { Acceptance } from "../http/encoding/acceptance.ts";
import { codingFor, sendCoded, varyByEncoding } from "../http/encoding/coded-answer.ts";
import type { Headers } from "../http/http.ts";
import { jsonType, type Outgoing, sendWhole } from "../http/outgoing.ts";
import { entityTagOf, isNamedBy } from "../method/conditional.ts";
import type { Answering, Route } from "../method/route.ts";

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

/** What a caller says of the answer that it wants. */
export type Wanted = { readonly acceptance: Acceptance; readonly ifNoneMatch: string | undefined };

/** Writes the one answer of a call. */
export async function sendAnswer(
  out: Outgoing,
  route: Route,
  message: Message,
  wanted: Wanted,
): Promise<void> {
  const { answer, method } = route;
  if (answer.rawBody) {
    const body = bodyOf(answer, method.output, message);
    const { status, headers } = headOf(answer, body);
    sendWhole(out, status, headers, body.data);
  } else await sendJson(out, route, message, wanted);
}

async function sendJson(
  out: Outgoing,
  { answer, method, conditional }: Route,
  message: Message,
  { acceptance, ifNoneMatch }: Wanted,
): Promise<void> {
  const desc = method.output;
  const text = toJsonText(answer, desc, message);
  const compression = codingFor(text, acceptance);
  if (!conditional) {
    const headers = { "content-type": jsonType, ...cacheControl(answer) };
    return sendCoded(out, answer.status, headers, text, compression);
  }
  const etag = entityTagOf(conditional, { desc, message, text, coding: compression?.name });
  const headers = { etag, "cache-control": answer.cacheControl ?? conditional.cacheControl };
  if (isNamedBy(ifNoneMatch, etag)) sendWhole(out, 304, { ...headers, ...varyByEncoding }, "");
  else await sendCoded(out, answer.status, { "content-type": jsonType, ...headers }, text, compression);
}

/** Spells an answer, or its one field that is the whole answer, as JSON. */
export function toJsonText({ field }: Answering, desc: DescMessage, message: Message): string {
  // A reader of JSON expects to see an empty list and a false, not to miss them.
  const json = toJson(desc, message, { alwaysEmitImplicit: true, registry: typesOf(desc.file) });
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
export function headOf(
  answer: Answering,
  body: HttpBody,
): { status: number; headers: Headers; orgId: string } {
  const head = extensionOf(body, HttpHeadSchema);
  const given = Object.entries(head?.headers ?? {}).filter(([name]) => !isOwn(name.toLowerCase()));
  return {
    status: head?.status || answer.status,
    orgId: head?.orgId ?? "",
    headers: {
      ...(body.contentType && { "content-type": body.contentType }),
      ...cacheControl(answer),
      ...Object.fromEntries(given),
    },
  };
}

/** What a body says beside its bytes. */
export function extensionOf<D extends DescMessage>(body: HttpBody, schema: D): MessageShape<D> | undefined {
  return body.extensions.map((any) => anyUnpack(any, schema)).find((found) => found);
}

export const cacheControl = ({ cacheControl: value }: Answering): Headers =>
  value === undefined ? {} : { "cache-control": value };
