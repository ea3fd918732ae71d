import { messagesTooMany, streamTooLarge } from "../errors/http-error.ts";

/** Fails a stream at the first message over a count. */
export async function* boundCount<T>(messages: AsyncIterable<T>, messagesMax: number): AsyncGenerator<T> {
  let count = 0;
  for await (const message of messages) {
    count += 1;
    if (count > messagesMax) throw messagesTooMany(messagesMax);
    yield message;
  }
}

/** Fails a stream at the first message that takes it over a total size. */
export async function* boundBytes(messages: AsyncIterable<Buffer>, bytesMax: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const message of messages) {
    bytes += message.byteLength;
    if (bytes > bytesMax) throw streamTooLarge(bytesMax);
    yield message;
  }
}
