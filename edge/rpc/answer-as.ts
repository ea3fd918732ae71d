import type { Exchange } from "../http/exchange.ts";
import { isGone } from "../http/http.ts";
import type { Answer } from "./answer.ts";
import { connectStreamAnswer } from "./connect-stream.ts";
import { connectUnaryAnswer } from "./connect-unary.ts";
import { grpcAnswer } from "./grpc.ts";
import { grpcWebAnswer } from "./grpc-web.ts";
import type { Wire } from "./wire.ts";

/** The answer to a call in the words of its caller. Once the caller is gone, it does nothing. */
export function answerAs(wire: Wire, exchange: Exchange): Answer {
  const answer = answerOf(wire, exchange);
  const { response } = exchange;
  return {
    begin(headers) {
      if (!isGone(response)) answer.begin(headers);
    },
    write: (message) => (isGone(response) ? undefined : answer.write(message)),
    end(error, trailers) {
      if (!isGone(response)) answer.end(error, trailers);
    },
  };
}

function answerOf(wire: Wire, exchange: Exchange): Answer {
  if (wire.protocol === "grpc") return grpcAnswer(exchange, wire);
  if (wire.protocol === "grpc-web") return grpcWebAnswer(exchange, wire);
  return wire.enveloped ? connectStreamAnswer(exchange, wire) : connectUnaryAnswer(exchange, wire);
}
