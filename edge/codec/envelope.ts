import { Code, ConnectError } from "@connectrpc/connect";
import { invalidField } from "../../services/lib/rpc/errors.ts";
import { messageTooLarge } from "../errors/http-error.ts";
import { createGatherer } from "../http/gather.ts";
import type { Place } from "../http/pace.ts";

/** Bytes before each message: flags, and the length as four bytes, the highest first. */
export const envelopeHeadBytes = 5;

export const compressedFlag = 0b00000001;

export type Envelope = { readonly flags: number; readonly bytes: Buffer };

/** Writes a message with its envelope into one piece. */
export function wrap(flags: number, bytes: Uint8Array): Buffer {
  const whole = Buffer.allocUnsafe(envelopeHeadBytes + bytes.byteLength);
  whole[0] = flags;
  whole.writeUInt32BE(bytes.byteLength, 1);
  whole.set(bytes, envelopeHeadBytes);
  return whole;
}

/** The same of a message in two parts; the second, which is large, is not copied. */
export function wrapParts(flags: number, head: Uint8Array, bytes: Uint8Array): [Buffer, Buffer] {
  const begin = Buffer.allocUnsafe(envelopeHeadBytes + head.byteLength);
  begin[0] = flags;
  begin.writeUInt32BE(head.byteLength + bytes.byteLength, 1);
  begin.set(head, envelopeHeadBytes);
  return [begin, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)];
}

/** Takes the only message out of a body. More or fewer are Unimplemented, as gRPC has it; a part of one is invalid. */
export function unwrapOnly(body: Buffer, bytesMax: number): Envelope {
  if (body.byteLength === 0) throw notOne("no message");
  if (body.byteLength < envelopeHeadBytes) throw incomplete();
  const end = envelopeHeadBytes + body.readUInt32BE(1);
  if (end - envelopeHeadBytes > bytesMax) throw messageTooLarge(bytesMax);
  if (end > body.byteLength) throw incomplete();
  if (end < body.byteLength) throw notOne("more than one message");
  return { flags: body.readUInt8(0), bytes: body.subarray(envelopeHeadBytes) };
}

/** The envelopes of a body as they become whole. A message over the limit is refused by its length alone. */
export async function* unwrapEach(
  pieces: AsyncIterable<Buffer>,
  bytesMax: number,
  place: Place = { between: true },
): AsyncGenerator<Envelope> {
  const held = createGatherer();
  let wanted = envelopeHeadBytes;
  for await (const piece of pieces) {
    held.add(piece);
    place.between = false;
    if (held.byteLength < wanted) continue;
    let rest = held.take();
    wanted = endOfFirst(rest, bytesMax);
    while (rest.byteLength >= wanted) {
      yield { flags: rest.readUInt8(0), bytes: rest.subarray(envelopeHeadBytes, wanted) };
      rest = rest.subarray(wanted);
      wanted = endOfFirst(rest, bytesMax);
    }
    held.add(rest);
    place.between = rest.byteLength === 0;
  }
  if (held.byteLength > 0) throw incomplete();
}

/** How many bytes the first message takes with its envelope, as far as that can be told. */
function endOfFirst(bytes: Buffer, bytesMax: number): number {
  if (bytes.byteLength < envelopeHeadBytes) return envelopeHeadBytes;
  const length = bytes.readUInt32BE(1);
  if (length > bytesMax) throw messageTooLarge(bytesMax);
  return envelopeHeadBytes + length;
}

const incomplete = () => invalidField("body", "ends within a message or its envelope");

const notOne = (found: string) =>
  new ConnectError(`the method takes one message, and the body has ${found}`, Code.Unimplemented);
