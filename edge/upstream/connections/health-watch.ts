import { unwrapEach, wrap } from "../../codec/envelope.ts";
import type { Http2Connection } from "../../http2-client/connection.ts";
import { createContent } from "../../http2-client/content.ts";
import type { ClientStream } from "../../http2-client/stream.ts";

/** Delay before a watch that ended is started again, in milliseconds. */
const restartMs = 1_000;
const responseBytesMax = 1024;

const headers = {
  ":method": "POST",
  ":path": "/grpc.health.v1.Health/Watch",
  "content-type": "application/grpc",
  te: "trailers",
};

/** An encoded grpc.health.v1.HealthCheckResponse with status SERVING. */
export const serving = Buffer.from([0x08, 0x01]);

/**
 * Watches the server of a connection by grpc.health.v1, and reports its state first and on each change. A server without
 * the health service counts as serving.
 */
export function watchHealth(http2: Http2Connection, changed: (isServing: boolean) => void): Disposable {
  let stream: ClientStream | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isDisposed = false;
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
    const hasResponse = await reportEach(content.read(stream.credit), changed);
    // A response over the size limit leaves the stream open.
    stream.cancel();
    if (isDisposed || !http2.isOpen()) return;
    if (!hasResponse) changed(true);
    else timer = setTimeout(watch, restartMs);
  };
  void watch();
  return {
    [Symbol.dispose]() {
      isDisposed = true;
      clearTimeout(timer);
      stream?.cancel();
    },
  };
}

/** Resolves when the watch has ended, to whether there was a response. */
async function reportEach(
  content: AsyncIterable<Buffer>,
  changed: (isServing: boolean) => void,
): Promise<boolean> {
  let hasResponse = false;
  try {
    for await (const { bytes } of unwrapEach(content, responseBytesMax)) {
      hasResponse = true;
      changed(bytes.equals(serving));
    }
  } catch {
    // The connection reports its own failure.
  }
  return hasResponse;
}
