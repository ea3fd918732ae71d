import type { Message } from "@bufbuild/protobuf";
import type { CallServices } from "../call/call-services.ts";
import type { ForwardedCall } from "../call/calls.ts";
import { once } from "../call/forward.ts";
import type { ContentReads } from "../content/content-reads.ts";
import { leftOf } from "../http/deadline.ts";
import type { Exchange } from "../http/exchange.ts";
import { headerOf } from "../http/http.ts";
import { addVary, sendWhole } from "../http/send.ts";
import type { Route } from "../method/route.ts";
import { createFindRoute } from "./find-route.ts";
import { setFormat } from "./negotiate.ts";
import { bindBody } from "./request.ts";
import { requestMessages } from "./request-stream.ts";
import { sendResponse } from "./response.ts";
import { sendStream } from "./response-stream.ts";
import { isStoredContent, type RestCall, readRestCall } from "./rest-call.ts";

/** Handles REST requests. Errors that it throws have not been sent. */
export function createRestHandler(
  routes: readonly Route[],
  services: CallServices,
  contentReads: ContentReads | undefined,
): (exchange: Exchange) => Promise<void> {
  const findRoute = createFindRoute(routes);
  return async (exchange) => {
    const found = findRoute(exchange);
    if (found.kind === "options") {
      sendWhole(exchange, 204, { allow: found.allowed }, "");
      return;
    }
    if (found.kind === "redirect") {
      sendWhole(exchange, 307, { location: found.location }, "");
      return;
    }
    const { route, varies, refusal } = found.choice;
    exchange.method = route.method;
    exchange.route = route.template.text;
    if (varies) addVary(exchange, "Accept");
    await services.admit(exchange, route.method, route.access);
    if (refusal) throw refusal;
    await respond(readRestCall(exchange, found, services), services, contentReads);
  };
}

async function respond(
  call: RestCall,
  services: CallServices,
  contentReads: ContentReads | undefined,
): Promise<void> {
  switch (call.route.method.methodKind) {
    case "unary": {
      const message = await readMessage(call);
      return sendResponse(call, await services.forward.unary(forwarded(call), message));
    }
    case "client_streaming":
      return sendResponse(call, await services.forward.collect(forwarded(call), requestMessages(call)));
    default:
      return respondWithStream(call, services, contentReads);
  }
}

/** The call to forward. Reading the body has used a part of its timeout. */
const forwarded = ({ exchange, route, timeoutMs }: RestCall): ForwardedCall => ({
  exchange,
  method: route.method,
  timeoutMs: leftOf(timeoutMs, exchange.startMs),
});

/** The request message of a call that sends one. */
async function readMessage({ exchange, route, choice, parameters, body }: RestCall): Promise<Message> {
  const bytes = await body.read();
  const contentType = headerOf(body.request, "content-type");
  const message = bindBody(route, parameters, {
    bytes,
    contentType,
    ignoresUnknown: exchange.dialect.ignoresUnknown,
  });
  setFormat(choice, message);
  return message;
}

async function respondWithStream(
  call: RestCall,
  services: CallServices,
  contentReads: ContentReads | undefined,
): Promise<void> {
  const { exchange, route } = call;
  const takesMessages = isStoredContent(route);
  const shared = takesMessages ? contentReads : undefined;
  if (await shared?.sendCached(exchange, forwarded(call).timeoutMs)) return;
  const isBidi = route.method.methodKind === "bidi_streaming";
  const messages = isBidi ? requestMessages(call) : once(await readMessage(call));
  const sharedFolderId = await shared?.folderIdFor(exchange, route);
  const responses = await services.forward.stream(
    { ...forwarded(call), sharedFolderId, takesMessages },
    messages,
  );
  await sendStream(call, responses, {
    toError: (error) => services.toError(error, exchange),
    handOver: async (file, headers) => contentReads?.sendHandedOver(exchange, file, headers),
  });
}
