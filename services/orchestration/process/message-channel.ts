import type { Duplex } from "node:stream";

/** Sends messages and receives them, one JSON text behind its length each. */
export type MessageChannel = { send(message: object): void };

const lengthBytes = 4;

/**
 * Speaks over a stream with a process that may be hostile: a message of more than `messageBytesMax`, or one that is no JSON,
 * destroys the stream with an error.
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

  /** What has arrived of the part that is expected, if it is whole; the rest stays. */
  function take(): Buffer | undefined {
    if (received < expected) return undefined;
    const whole = Buffer.concat(chunks);
    const part = whole.subarray(0, expected);
    chunks = [whole.subarray(expected)];
    received -= expected;
    return part;
  }

  function read(): void {
    for (let part = take(); part; part = take()) {
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
