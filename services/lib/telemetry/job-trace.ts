import { ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { contextOf, currentTrace, isTracing, startSpan, withinSpan } from "./tracing.ts";

/** Where a job's data names the span that asked for it. */
const traceKey = "$traceparent";

/** The data of a job, with the current span where there is one. */
export function withTrace(data: object): object {
  if (!isTracing()) return data;
  const { traceparent } = currentTrace();
  return traceparent ? { ...data, [traceKey]: traceparent } : data;
}

/** What a handler gets of a job's data. */
export function withoutTrace<Data extends object>(data: Data): Data {
  if (!(traceKey in data)) return data;
  const { [traceKey]: _trace, ...rest } = data;
  return rest as Data;
}

/** Does a job in a trace of its own, since it may take days and come again; a link leads to the span that asked for it. */
export async function observeJob<T>(
  { service, queue, data }: { service: string; queue: string; data: object },
  work: () => Promise<T>,
): Promise<T> {
  if (!isTracing()) return work();
  const span = startSpan(
    service,
    `process ${queue}`,
    {
      kind: SpanKind.CONSUMER,
      links: linksTo(data),
      attributes: {
        "messaging.system": "pg-boss",
        "messaging.operation.type": "process",
        "messaging.destination.name": queue,
      },
    },
    ROOT_CONTEXT,
  );
  try {
    return await withinSpan(span, work);
  } catch (error) {
    span?.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    (span as Span | undefined)?.end();
  }
}

function linksTo(data: object) {
  const { [traceKey]: traceparent } = data as { [traceKey]?: unknown };
  if (typeof traceparent !== "string") return [];
  const context = trace.getSpanContext(contextOf({ traceparent }));
  return context ? [{ context }] : [];
}
