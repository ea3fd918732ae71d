import { context, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import {
  ATTR_DB_NAMESPACE,
  ATTR_DB_OPERATION_NAME,
  ATTR_DB_QUERY_TEXT,
  ATTR_DB_RESPONSE_STATUS_CODE,
  ATTR_DB_SYSTEM_NAME,
  ATTR_ERROR_TYPE,
} from "@opentelemetry/semantic-conventions";
import { isTracing, startSpan } from "./tracing.ts";

/** Ends the span of a statement. */
export type EndStatement = (error?: unknown) => void;

/**
 * Begins the span of a statement in a service's database; undefined where there is none. `text` has placeholders where
 * the values are, which are not told. What no call and no job asked for, as a look into a queue, has no span.
 */
export function observeStatement(service: string, text: string): EndStatement | undefined {
  if (!isTracing() || !trace.getActiveSpan()?.isRecording()) return undefined;
  const operation = /^\s*(?:--.*\n\s*)*([a-z]+)/i.exec(text)?.[1]?.toUpperCase() ?? "SQL";
  const attributes = {
    [ATTR_DB_SYSTEM_NAME]: "postgresql",
    [ATTR_DB_NAMESPACE]: service,
    [ATTR_DB_OPERATION_NAME]: operation,
    [ATTR_DB_QUERY_TEXT]: text,
  };
  const name = `${operation} ${service}`;
  const span = startSpan(service, name, { kind: SpanKind.CLIENT, attributes }, context.active());
  return span && ((error) => endStatement(span, error));
}

/** The words of a database's error stay out: they may hold a row. */
function endStatement(span: Span, error: unknown): void {
  if (error !== undefined) {
    const { code } = Object(error) as { code?: unknown };
    const type = typeof code === "string" ? code : "_OTHER";
    span
      .setAttribute(ATTR_DB_RESPONSE_STATUS_CODE, type)
      .setAttribute(ATTR_ERROR_TYPE, type)
      .setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}
