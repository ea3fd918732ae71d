import { endStreamFlag, errorToJson } from "@connectrpc/connect/protocol-connect";
import { wrap } from "../codec/envelope.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Answer } from "./answer.ts";
import { envelopeAnswer } from "./envelope-answer.ts";
import type { Wire } from "./wire.ts";

/** Answers a stream of Connect: its last envelope has the trailers and the error. */
export const connectStreamAnswer = (exchange: Exchange, wire: Wire): Answer =>
  envelopeAnswer(exchange, wire, "connect", (response, error, trailers) => {
    const last = {
      ...(error && { error: errorToJson(error, undefined) }),
      ...(Object.keys(trailers).length > 0 && { metadata: trailers }),
    };
    response.end(wrap(endStreamFlag, Buffer.from(JSON.stringify(last))));
  });
