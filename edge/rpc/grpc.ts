import type { Exchange } from "../http/exchange.ts";
import type { Answer } from "./answer.ts";
import { envelopeAnswer } from "./envelope-answer.ts";
import { grpcStatusOf } from "./grpc-status.ts";
import type { Wire } from "./wire.ts";

/** Answers gRPC: messages in envelopes, and the status in HTTP's trailers. */
export const grpcAnswer = (exchange: Exchange, wire: Wire): Answer =>
  envelopeAnswer(exchange, wire, "grpc", (response, error, trailers) => {
    response.addTrailers({ ...trailers, ...grpcStatusOf(error) } as Record<string, string>);
    response.end();
  });
