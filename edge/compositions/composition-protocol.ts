import { hash } from "node:crypto";
import { invalidField } from "../../services/lib/rpc/errors.ts";
import type { InnerCalls } from "../batch/inner-calls.ts";
import { decodePercent } from "../codec/percent.ts";
import { parseQuery } from "../codec/query.ts";
import { methodNotAllowed } from "../errors/http-error.ts";
import { type Deadlines, requestedTimeoutMs } from "../http/deadline.ts";
import { acceptanceOf } from "../http/encoding/acceptance.ts";
import { codingFor, sendCoded, varyByEncoding } from "../http/encoding/coded-response.ts";
import type { Exchange } from "../http/exchange.ts";
import { headerOf } from "../http/http.ts";
import { isInBatch, notInBatch } from "../http/in-batch.ts";
import { jsonType, sendWhole } from "../http/send.ts";
import { isNamedBy } from "../method/conditional.ts";
import type { Protocol } from "../protocols/protocol.ts";
import { createRouter } from "../rest/router.ts";
import type { Composition } from "./plan-composition.ts";
import { compositionPrefixes } from "./read-compositions.ts";
import { type CompositionParameters, runComposition } from "./run-composition.ts";

const methods = ["GET", "HEAD", "OPTIONS"];
/** Headers of a failed call that are those of the whole response. */
const errorHeaders = ["content-type", "retry-after", "www-authenticate"];

/** Serves compositions. It calls no service itself: each of its calls is admitted as a request of its caller. */
export function createCompositionProtocol(
  compositions: readonly Composition[],
  { calls, deadlines }: { calls: InnerCalls; deadlines: Deadlines },
): Protocol {
  const router = createRouter(compositions);
  return {
    name: "composition",
    claims: ({ path }) =>
      compositionPrefixes.some((prefix) => path.startsWith(prefix)) &&
      router.find("GET", path).kind === "found",
    async handle(exchange) {
      const { request, path } = exchange;
      const found = router.find("GET", path);
      if (found.kind !== "found") throw new Error(`${path} is not the path of a composition`);
      const { route, segments } = found;
      exchange.route = route.template.text;
      if (request.method === "OPTIONS") return sendWhole(exchange, 204, { allow: methods.join(", ") }, "");
      if (!methods.includes(request.method ?? "")) throw methodNotAllowed(methods);
      if (isInBatch(request)) throw notInBatch();
      const parameters = { path: readPath(route, segments), query: readQuery(route, exchange.rawQuery) };
      await respond(exchange, route, { parameters, calls, deadlines });
    },
  };
}

function readPath({ template }: Composition, segments: readonly string[]): ReadonlyMap<string, string> {
  const values = template.variables.map(({ path, start }) => {
    try {
      return [path, decodePercent(segments[start] ?? "")] as const;
    } catch (error) {
      throw invalidField(path, (error as Error).message);
    }
  });
  return new Map(values);
}

function readQuery({ query }: Composition, rawQuery: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of parseQuery(rawQuery)) {
    if (!query.includes(name)) throw invalidField(name, "is not a query parameter of this path");
    if (values.has(name)) throw invalidField(name, "is in the query twice");
    values.set(name, value);
  }
  return values;
}

async function respond(
  exchange: Exchange,
  composition: Composition,
  {
    parameters,
    calls,
    deadlines,
  }: { parameters: CompositionParameters; calls: InnerCalls; deadlines: Deadlines },
): Promise<void> {
  const { request } = exchange;
  const requestedMs = requestedTimeoutMs(request) ?? deadlines.defaultMs ?? deadlines.maxMs;
  const acceptance = acceptanceOf(request);
  const { run } = calls.begin({ exchange, timeoutMs: Math.min(requestedMs, deadlines.maxMs) });
  const composed = await runComposition(composition, parameters, run);
  if ("failure" in composed) {
    const { status, headers, body } = composed.failure;
    const kept = errorHeaders.flatMap((name) =>
      headers[name] === undefined ? [] : [[name, String(headers[name])]],
    );
    return sendWhole(exchange, status, Object.fromEntries(kept), body);
  }
  const text = JSON.stringify(composed.results);
  const compression = codingFor(text, acceptance);
  const etag = `"${hash("sha256", text, "base64url").slice(0, 22)}${compression ? `-${compression.name}` : ""}"`;
  const headers = { etag, "cache-control": "private, no-cache" };
  if (isNamedBy(headerOf(request, "if-none-match"), etag)) {
    return sendWhole(exchange, 304, { ...headers, ...varyByEncoding }, "");
  }
  await sendCoded(exchange, 200, { "content-type": jsonType, ...headers }, text, compression);
}
