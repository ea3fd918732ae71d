import type { Message } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type { Admit } from "../admission/admit.ts";
import { type Forward, once } from "../call/forward.ts";
import type { Parameters } from "../codec/parameters.ts";
import type { ContentReads } from "../content/content-reads.ts";
import { bodyTooLarge, methodNotAllowed, pathUnknown } from "../errors/http-error.ts";
import { boundsOf } from "../http/bounds.ts";
import { boundTimeoutMs, type Deadlines, leftOf, requestedTimeoutMs } from "../http/deadline.ts";
import { type Acceptance, acceptanceOf, requireIdentity } from "../http/encoding/acceptance.ts";
import { inflateBody, requestCompressionOf } from "../http/encoding/coded-request.ts";
import type { Exchange } from "../http/exchange.ts";
import { headerOf } from "../http/http.ts";
import { isInBatch, notInBatch } from "../http/in-batch.ts";
import type { Limits } from "../http/limits.ts";
import { addVary, type Outgoing, sendWhole } from "../http/outgoing.ts";
import { readBody } from "../http/read-body.ts";
import type { Route } from "../method/route.ts";
import { type Choice, choose, findAlternatives, setFormat } from "./negotiate.ts";
import { bindBody, bindHead } from "./request.ts";
import { requestMessages } from "./request-stream.ts";
import { sendAnswer } from "./response.ts";
import { type HandOver, sendStream } from "./response-stream.ts";
import { createRouter, type Router } from "./router.ts";

type Options = {
  routes: readonly Route[];
  admit: Admit;
  forward: Forward;
  deadlines: Deadlines;
  limits: Limits;
  /** Undefined where the edge reads no folder of files. */
  contentReads: ContentReads | undefined;
  /** Largest body of a request that is one message, inflated, in bytes, where the contract says nothing else. */
  messageBytesMax: number;
  toError: (error: unknown, exchange: Exchange) => ConnectError;
};

/** Answers REST requests. What it throws has not been answered yet. */
export function createRestHandler(options: Options): (exchange: Exchange, out: Outgoing) => Promise<void> {
  const router = createRouter(options.routes);
  const alternatives = findAlternatives(options.routes);
  return async (exchange, out) => {
    const { request } = exchange;
    const [rawPath = "", rawQuery = ""] = splitOnce(request.url ?? "", "?");
    const found = findRoute(router, request.method ?? "", rawPath);
    if (found.kind === "options") {
      sendWhole(out, 204, { allow: found.allowed }, "");
      return;
    }
    const accept = headerOf(request, "accept");
    const choice = choose(found.route, alternatives.get(found.route), { accept, rawQuery });
    const { route } = choice;
    exchange.method = route.method;
    exchange.route = route.template.text;
    if (choice.varies) addVary(out, "Accept");
    await options.admit(exchange, route.method, route.access);
    if (choice.refusal) throw choice.refusal;
    const timeoutMs = boundTimeoutMs(route.method, requestedTimeoutMs(request), options.deadlines);
    const header = (name: string) => headerOf(request, name);
    const parameters = bindHead(route, { segments: found.segments, rawQuery: choice.rawQuery, header });
    await answer({ options, exchange, out, route, choice, parameters, timeoutMs });
  };
}

type Answered = {
  options: Options;
  exchange: Exchange;
  out: Outgoing;
  route: Route;
  choice: Choice;
  parameters: Parameters;
  timeoutMs: number | undefined;
};

async function answer(answered: Answered): Promise<void> {
  const { options, exchange, out, route, choice, parameters, timeoutMs } = answered;
  const { request } = exchange;
  const { forward } = options;
  const { methodKind } = route.method;
  if (isInBatch(request) && (methodKind !== "unary" || route.answer.rawBody)) throw notInBatch();
  const { messageBytesMax = options.messageBytesMax, streamBytesMax } = boundsOf(route.method);
  const compression = requestCompressionOf(request);
  const incoming = { request, pauseMs: options.limits.pauseMs, streamBytesMax, compression };
  const acceptance = acceptanceOf(request);
  if (route.answer.rawBody && !route.formats) requireIdentity(acceptance);
  const wanted = { acceptance, ifNoneMatch: headerOf(request, "if-none-match") };
  const read = async () => {
    const readMs = timeoutMs ?? options.deadlines.maxMs;
    const body = await readBody(incoming, messageBytesMax, bodyTooLarge, readMs);
    const bytes = await inflateBody(body, compression, messageBytesMax);
    const message = bindBody(route, parameters, { bytes, contentType: headerOf(request, "content-type") });
    setFormat(choice, message);
    return message;
  };
  // What reading the body took is gone from the deadline.
  const call = () => ({ exchange, method: route.method, timeoutMs: leftOf(timeoutMs, exchange.startMs) });
  if (methodKind === "unary") {
    const message = await read();
    await sendAnswer(out, route, await forward.unary(call(), message), wanted);
  } else if (methodKind === "client_streaming") {
    const messages = requestMessages(route, parameters, incoming, messageBytesMax);
    await sendAnswer(out, route, await forward.collect(call(), messages), wanted);
  } else {
    const isBidi = methodKind === "bidi_streaming";
    const requests = async () =>
      isBidi ? requestMessages(route, parameters, incoming, messageBytesMax) : once(await read());
    await answerStream(answered, acceptance, call, requests);
  }
}

async function answerStream(
  { options, exchange, out, route, choice }: Answered,
  acceptance: Acceptance,
  call: () => { exchange: Exchange; method: Route["method"]; timeoutMs: number | undefined },
  requests: () => Promise<AsyncIterable<Message>>,
): Promise<void> {
  const { contentReads } = options;
  const isStored = route.answer.rawBody && !route.formats;
  if (isStored && (await contentReads?.answerHeld(exchange, out, call().timeoutMs))) return;
  const messages = await requests();
  const sharedFolderId = isStored ? await contentReads?.folderIdFor(exchange, route) : undefined;
  const answers = await options.forward.stream({ ...call(), sharedFolderId }, messages);
  const toError = (error: unknown) => options.toError(error, exchange);
  const handOver: HandOver = async (file, headers) =>
    contentReads?.answerHandedOver(exchange, out, file, headers);
  await sendStream(out, route, answers, { type: choice.type, acceptance, handOver, toError });
}

type Found =
  | { readonly kind: "route"; readonly route: Route; readonly segments: readonly string[] }
  | { readonly kind: "options"; readonly allowed: string };

function findRoute(router: Router<Route>, httpMethod: string, rawPath: string): Found {
  const found = router.find(httpMethod === "HEAD" ? "GET" : httpMethod, rawPath);
  if (found.kind === "found") return { ...found, kind: "route" };
  if (found.kind === "nothing") throw pathUnknown();
  const allowed = [...found.allowed, ...(found.allowed.includes("GET") ? ["HEAD"] : []), "OPTIONS"].sort();
  if (httpMethod !== "OPTIONS") throw methodNotAllowed(allowed);
  return { kind: "options", allowed: allowed.join(", ") };
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}
