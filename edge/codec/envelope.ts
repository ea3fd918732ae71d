import { Code, ConnectError } from "@connectrpc/connect";
import { invalidField } from "../../services/lib/rpc/errors.ts";
import { messageTooLarge } from "../errors/http-error.ts";
import { createByteBuffer } from "../http/byte-buffer.ts";
import type { ReadState } from "../http/read-timeout.ts";

/** Size of the prefix of a message: a byte of flags, and the length in four bytes, big-endian. */
export const envelopePrefixBytes = 5;

export const compressedFlag = 0b00000001;

export type Envelope = { readonly flags: number; readonly bytes: Buffer };

/** Encodes a message with its prefix into one buffer. */
export function wrap(flags: number, bytes: Uint8Array): Buffer {
  const whole = Buffer.allocUnsafe(envelopePrefixBytes + bytes.byteLength);
  whole[0] = flags;
  whole.writeUInt32BE(bytes.byteLength, 1);
  whole.set(bytes, envelopePrefixBytes);
  return whole;
}

/** The same for a message in two parts, of which the large second one is not copied. */
export function wrapParts(flags: number, head: Uint8Array, bytes: Uint8Array): [Buffer, Buffer] {
  const begin = Buffer.allocUnsafe(envelopePrefixBytes + head.byteLength);
  begin[0] = flags;
  begin.writeUInt32BE(head.byteLength + bytes.byteLength, 1);
  begin.set(head, envelopePrefixBytes);
  return [begin, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)];
}

/** Decodes a body of one message. gRPC makes more or fewer Unimplemented; an incomplete one is InvalidArgument. */
export function unwrapOnly(body: Buffer, bytesMax: number): Envelope {
  if (body.byteLength === 0) throw notOne("no message");
  if (body.byteLength < envelopePrefixBytes) throw incomplete();
  const end = envelopePrefixBytes + body.readUInt32BE(1);
  if (end - envelopePrefixBytes > bytesMax) throw messageTooLarge(bytesMax);
  if (end > body.byteLength) throw incomplete();
  if (end < body.byteLength) throw notOne("more than one message");
  return { flags: body.readUInt8(0), bytes: body.subarray(envelopePrefixBytes) };
}

/** Decodes the messages of a stream. One over the limit is rejected by its length, before its bytes. */
export async function* unwrapEach(
  chunks: AsyncIterable<Buffer>,
  bytesMax: number,
  state: ReadState = { between: true },
): AsyncGenerator<Envelope> {
  const held = createByteBuffer();
  let wanted = envelopePrefixBytes;
  for await (const chunk of chunks) {
    held.append(chunk);
    state.between = false;
    if (held.byteLength < wanted) continue;
    let rest = held.drain();
    wanted = endOfFirst(rest, bytesMax);
    while (rest.byteLength >= wanted) {
      yield { flags: rest.readUInt8(0), bytes: rest.subarray(envelopePrefixBytes, wanted) };
      rest = rest.subarray(wanted);
      wanted = endOfFirst(rest, bytesMax);
    }
    held.append(rest);
    state.between = rest.byteLength === 0;
  }
  if (held.byteLength > 0) throw incomplete();
}

/** The end of the first message; of its prefix, where that is incomplete. */
function endOfFirst(bytes: Buffer, bytesMax: number): number {
  if (bytes.byteLength < envelopePrefixBytes) return envelopePrefixBytes;
  const length = bytes.readUInt32BE(1);
  if (length > bytesMax) throw messageTooLarge(bytesMax);
  return envelopePrefixBytes + length;
}

const incomplete = () => invalidField("body", "ends within a message or its envelope");

const notOne = (found: string) =>
  new ConnectError(`the method takes one message, and the body has ${found}`, Code.Unimplemented);
