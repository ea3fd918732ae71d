import { unwrapEach, wrap } from "../codec/envelope.ts";
import type { Http2Connection } from "../http2-client/connection.ts";
import { createContent } from "../http2-client/content.ts";
import type { ClientStream } from "../http2-client/stream.ts";

/** How soon a watch that broke off is begun again, in milliseconds. */
const againMs = 1_000;
const answerBytesMax = 1024;

const headers = {
  ":method": "POST",
  ":path": "/grpc.health.v1.Health/Watch",
  "content-type": "application/grpc",
  te: "trailers",
};

/** grpc.health.v1.HealthCheckResponse with status SERVING. */
export const serving = Buffer.from([0x08, 0x01]);

/**
 * Hears by grpc.health.v1 whether the server at the other end of a connection takes calls, and each time that this changes.
 * One that has no such service takes them.
 */
export function watchHealth(http2: Http2Connection, told: (isServing: boolean) => void): Disposable {
  let stream: ClientStream | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const watch = async () => {
    const content = createContent();
    stream = http2.open(headers, {
      headers: () => undefined,
      data: content.add,
      trailers: () => undefined,
      closed: content.end,
    });
    if (!stream) return;
    stream.end(wrap(0, Buffer.alloc(0)));
    const answered = await tellEach(content.read(stream.credit), told);
    // One that says too much has not ended by itself.
    stream.cancel();
    if (isOver || !http2.isOpen()) return;
    if (!answered) told(true);
    else timer = setTimeout(watch, againMs);
  };
  void watch();
  return {
    [Symbol.dispose]() {
      isOver = true;
      clearTimeout(timer);
      stream?.cancel();
    },
  };
}

/** Resolves when the watch has ended; whether there was an answer. */
async function tellEach(
  content: AsyncIterable<Buffer>,
  told: (isServing: boolean) => void,
): Promise<boolean> {
  let answered = false;
  try {
    for await (const { bytes } of unwrapEach(content, answerBytesMax)) {
      answered = true;
      told(bytes.equals(serving));
    }
  } catch {
    // Whoever watches the connection sees that it broke.
  }
  return answered;
}
