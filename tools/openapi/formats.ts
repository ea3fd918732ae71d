import type { Route } from "../../edge/method/route.ts";
import { type AnswerObject, successStatus } from "./answers.ts";
import type { BodyObject } from "./body.ts";
import type { Operation } from "./operation.ts";
import type { Style } from "./style.ts";

type Answers = Readonly<Record<string, AnswerObject>>;

/** An operation that answers JSON, with the formats of the method that shares its path, and their headers and errors. */
export function withFormats(json: Operation, formatted: Operation, route: Route, style: Style): Operation {
  const status = String(successStatus(route, style));
  const [one, other] = [json, formatted].map(({ responses }) => (responses as Answers)[status]);
  const answer = {
    ...one,
    description: `${one?.description} In another format than JSON: ${lowerFirst(other?.description)}`,
    content: { ...one?.content, ...other?.content },
  };
  return {
    ...json,
    description: `${json.description}\n\nIn another format than JSON, as \`${formatted.operationId}\`: ${formatted.description}`,
    parameters: [...(json.parameters ?? []), formatParameter(route)],
    ...(json.requestBody && { requestBody: eitherBody(json.requestBody, formatted.requestBody) }),
    responses: { ...formatted.responses, ...json.responses, [status]: answer },
  };
}

/** What one of the two methods takes. */
function eitherBody(one: BodyObject, other: BodyObject | undefined): BodyObject {
  const schemas = [one, other].flatMap((body) =>
    Object.values(body?.content ?? {}).map(({ schema }) => schema),
  );
  const content = Object.entries(one.content).map(([type, body]) => [
    type,
    { ...body, schema: { anyOf: schemas } },
  ]);
  return { ...one, content: Object.fromEntries(content) };
}

function formatParameter({ formats }: Route) {
  return {
    name: "format",
    in: "query" as const,
    required: false,
    description: "Asks for a format where the header Accept can't be set, and weighs more than it.",
    schema: { type: "string", enum: ["json", ...(formats?.all ?? []).map(({ name }) => name)] },
  };
}

const lowerFirst = (text = ""): string => text.charAt(0).toLowerCase() + text.slice(1);
