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
 * Starts the span of a statement; undefined without a parent span. `text` has placeholders, so no values are recorded.
 * Statements outside of calls and jobs, such as polls of a queue, have no span.
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

/** Database error texts are not recorded: they can contain row values. */
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
