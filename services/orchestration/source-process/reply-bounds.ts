import { executionTooLarge } from "../errors.ts";
import type { Serialized } from "./protocol.ts";

/** Maximum of one message, in characters. The receiver parses a message at once. */
const messageCharactersMax = 16 * 1024 * 1024;
/** Maximum of all messages for one request, in characters. */
const requestCharactersMax = 48 * 1024 * 1024;

/** Counts the messages of one request; both sides use it. ResourceExhausted (EXECUTION_LIMIT) beyond the maximum. */
export function createReplyBounds(): (body: Serialized) => Serialized {
  let characters = 0;
  return (body) => {
    characters += body.length;
    if (body.length > messageCharactersMax || characters > requestCharactersMax) throw replyTooLarge();
    return body;
  };
}

const replyTooLarge = () =>
  executionTooLarge(
    `the source's answer takes more than ${messageCharactersMax / 1024 ** 2} MiB at once, ` +
      `or ${requestCharactersMax / 1024 ** 2} MiB in all: ask for less of it`,
  );
