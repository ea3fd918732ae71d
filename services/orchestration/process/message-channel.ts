import type { Duplex } from "node:stream";

/** Channel of JSON messages, each prefixed with its length as a 32-bit little-endian integer. */
export type MessageChannel = { send(message: object): void };

const lengthBytes = 4;

/**
 * Opens a channel to a process that may be hostile. A message longer than `messageBytesMax`, or one that is not JSON, destroys
 * the stream with an error.
 */
export function openMessageChannel(
  stream: Duplex,
  messageBytesMax: number,
  onMessage: (message: unknown) => void,
): MessageChannel {
  let chunks: Buffer[] = [];
  let received = 0;
  let expected = lengthBytes;
  let isLength = true;

  /** Removes and returns the expected part once it is complete. */
  function shift(): Buffer | undefined {
    if (received < expected) return undefined;
    const whole = Buffer.concat(chunks);
    const part = whole.subarray(0, expected);
    chunks = [whole.subarray(expected)];
    received -= expected;
    return part;
  }

  function read(): void {
    for (let part = shift(); part; part = shift()) {
      if (isLength) {
        expected = part.readUInt32LE();
        if (expected > messageBytesMax)
          throw new Error(`a message of ${expected} bytes, over ${messageBytesMax}`);
      } else {
        expected = lengthBytes;
        onMessage(JSON.parse(part.toString()));
      }
      isLength = !isLength;
    }
  }

  stream.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    received += chunk.length;
    try {
      read();
    } catch (error) {
      stream.destroy(error as Error);
    }
  });
  return {
    send(message) {
      const text = Buffer.from(JSON.stringify(message));
      const head = Buffer.alloc(lengthBytes);
      head.writeUInt32LE(text.length);
      stream.write(Buffer.concat([head, text]));
    },
  };
}
