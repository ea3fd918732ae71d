import type { Route } from "../../edge/method/route.ts";
import { bytesContent } from "./body.ts";
import { describe, type Schema } from "./schema.ts";
import type { Schemas } from "./schemas.ts";
import type { Style } from "./style.ts";

/** An OpenAPI response. */
export type AnswerObject = {
  readonly description: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
};

/** The successful answers of a route by HTTP status. */
export function successesOf(
  route: Route,
  schemas: Schemas,
  saying: string,
  style: Style,
): Record<string, AnswerObject> {
  const { response, method } = route;
  const status = successStatus(route, style);
  if (response.rawBody) return rawAnswers(route, status);
  const { description: _, ...schema } = response.field
    ? schemas.ofField(response.field, "answer")
    : schemas.ofMessage(method.output, "answer");
  const isStream = method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming";
  const content = isStream ? streamContent(schema) : { "application/json": { schema: style.wrap(schema) } };
  return { [status]: { description: saying || "The answer.", content } };
}

/** The status of a successful response: the contract's, or else the dialect's. */
export const successStatus = ({ response, httpMethod }: Route, { dialect }: Style): number =>
  response.status ?? dialect.successStatus(httpMethod);

/** What HTTP says about requests with these headers. */
const statusesByHeader: Readonly<Record<string, readonly [status: number, description: string]>> = {
  range: [206, "The range that was asked for."],
  "if-none-match": [304, "The caller holds this content already."],
};

function rawAnswers({ formats, headers }: Route, success: number): Record<string, AnswerObject> {
  const description = formats
    ? "A file in the format that was asked for."
    : "The bytes, with their own Content-Type.";
  const types = formats?.all.map(({ mediaType }) => mediaType) ?? ["*/*"];
  const content = Object.fromEntries(types.map((type) => [type, bytesContent]));
  const others = headers.flatMap(({ name }) => {
    const [status, said] = statusesByHeader[name] ?? [];
    if (status === undefined || said === undefined) return [];
    return [[status, status === 304 ? { description: said } : { description: said, content }] as const];
  });
  return { [success]: { description, content }, ...Object.fromEntries(others) };
}

/** A server stream is written as the request's Accept header asks for it. */
function streamContent(message: Schema): Record<string, { schema: Schema }> {
  const error = { $ref: "#/components/schemas/Error" };
  const either = { anyOf: [message, error] };
  const text = (words: string, contentMediaType: string): Schema => ({
    ...describe(words),
    type: "string",
    contentMediaType,
    contentSchema: either,
  });
  return {
    "application/json": {
      schema: {
        type: "array",
        items: either,
        description: "The messages. An error that comes after the start is the last item.",
      },
    },
    "application/x-ndjson": {
      schema: text(
        "One message a line, as JSON. An error that comes after the start is the last line.",
        "application/json",
      ),
    },
    "text/event-stream": {
      schema: text(
        "An event for each message: `id` counts from 0, `data` is its JSON. An error that comes after the start is the last " +
          "event, `error`.",
        "application/json",
      ),
    },
  };
}
