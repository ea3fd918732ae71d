import { executionTooLarge } from "../errors.ts";
import type { Packed } from "./protocol.ts";

/** What a source's process may send at once, which the receiver reads at once, in characters. */
const messageCharactersMax = 16 * 1024 * 1024;
/** What it may send for one request in all. */
const requestCharactersMax = 48 * 1024 * 1024;

/** Counts what is sent for one request; both sides do. ResourceExhausted (EXECUTION_LIMIT) beyond what it may take. */
export function createReplyBounds(): (body: Packed) => Packed {
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
