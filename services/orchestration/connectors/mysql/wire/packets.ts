/** Head of a packet: three bytes of length, one of the sequence number. */
export const headBytes = 4;
/** A packet of this length is continued by the next one. */
const lengthMax = 0xff_ff_ff;

export type Packet = {
  readonly sequence: number;
  /** Body, joined if it came in several packets. */
  readonly body: Buffer;
};

export type PacketReader = {
  read(chunk: Buffer): void;
  /** Whether the beginning of a packet has been read. */
  isAmidPacket(): boolean;
};

/**
 * Cuts the bytes of a server into packets. `check` sees the length of a body, as far as it is announced, before it is
 * buffered, and throws if that is too much.
 */
export function createPacketReader(
  check: (bodyBytes: number) => void,
  receive: (packet: Packet) => void,
): PacketReader {
  let held: Buffer[] = [];
  let heldBytes = 0;
  /** Bytes that must be buffered before a packet is complete. */
  let wantedBytes = headBytes;
  /** Bodies of the packets that the next one continues. */
  let parts: Buffer[] = [];
  let partsBytes = 0;

  function pass(chunk: Buffer, at: number): number {
    wantedBytes = headBytes;
    if (chunk.length - at < headBytes) return at;
    const length = chunk.readUIntLE(at, 3);
    check(partsBytes + length);
    const end = at + headBytes + length;
    wantedBytes = end - at;
    if (end > chunk.length) return at;
    const body = chunk.subarray(at + headBytes, end);
    const sequence = chunk[at + 3] ?? 0;
    if (length === lengthMax || parts.length > 0) {
      parts.push(body);
      partsBytes += length;
      if (length === lengthMax) return end;
      const whole = Buffer.concat(parts);
      parts = [];
      partsBytes = 0;
      receive({ sequence, body: whole });
    } else receive({ sequence, body });
    return end;
  }

  function read(received: Buffer): void {
    held.push(received);
    heldBytes += received.length;
    if (heldBytes < wantedBytes) return;
    const chunk = held.length === 1 ? received : Buffer.concat(held);
    let passed = 0;
    for (let end = pass(chunk, passed); end > passed; end = pass(chunk, passed)) passed = end;
    held = passed === chunk.length ? [] : [chunk.subarray(passed)];
    heldBytes = chunk.length - passed;
  }

  return { read, isAmidPacket: () => heldBytes > 0 || parts.length > 0 };
}

/** A packet as it is sent. */
export function packetOf(sequence: number, body: Buffer): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUIntLE(body.length, 0, 3);
  head[3] = sequence;
  return Buffer.concat([head, body]);
}
