import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { fromBinary } from "@bufbuild/protobuf";
import {
  ExportTraceServiceRequestSchema,
  type KeyValue,
  type Span,
} from "../../../gen/opentelemetry/proto/trace/v1/trace_pb.ts";

/** A received span. Ids are hexadecimal. */
export type ReceivedSpan = {
  service: string;
  version: string;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  kind: number;
  attributes: Record<string, unknown>;
  status: number;
  links: { traceId: string; spanId: string }[];
};

export type TraceReceiver = AsyncDisposable & {
  /** Value for OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  readonly spans: ReceivedSpan[];
  /** The received request bodies. */
  readonly bodies: Buffer[];
};

export const kinds = { server: 2, client: 3, producer: 4, consumer: 5 };

/** A collector of OTLP (protobuf over HTTP) on a free port. */
export async function startTraceReceiver(): Promise<TraceReceiver> {
  const spans: ReceivedSpan[] = [];
  const bodies: Buffer[] = [];
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    bodies.push(body);
    if (request.url !== "/v1/traces" || request.headers["content-type"] !== "application/x-protobuf") {
      response.writeHead(400).end();
      return;
    }
    for (const { resource, scopeSpans } of fromBinary(ExportTraceServiceRequestSchema, body).resourceSpans) {
      const { "service.name": service, "service.version": version } = valuesOf(resource?.attributes ?? []);
      for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
        spans.push({ service: String(service), version: String(version), ...readSpan(span) });
      }
    }
    response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    bodies,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function readSpan(span: Span): Omit<ReceivedSpan, "service" | "version"> {
  return {
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: hex(span.parentSpanId),
    name: span.name,
    kind: span.kind,
    attributes: valuesOf(span.attributes),
    status: span.status?.code ?? 0,
    links: span.links.map((link) => ({ traceId: hex(link.traceId), spanId: hex(link.spanId) })),
  };
}

const valuesOf = (attributes: KeyValue[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value?.value.value)]));

const plain = (value: unknown): unknown => (typeof value === "bigint" ? Number(value) : value);

/** A span and its descendants, as `service: name [children]`, ordered by name. */
export function treeOf(spans: readonly ReceivedSpan[], { spanId, service, name }: ReceivedSpan): unknown[] {
  const below = spans
    .filter(({ parentSpanId }) => parentSpanId === spanId)
    .map((span) => treeOf(spans, span));
  return [`${service}: ${name}`, ...below.sort((one, other) => (String(one) < String(other) ? -1 : 1))];
}
