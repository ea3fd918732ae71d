import { type ClientHttp2Session, type ClientHttp2Stream, constants } from "node:http2";
import { unwrapEach, wrap } from "../rpc/envelope.ts";

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
export function watchHealth(session: ClientHttp2Session, told: (isServing: boolean) => void): Disposable {
  let stream: ClientHttp2Stream | undefined;
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const watch = async () => {
    if (over || session.destroyed || session.closed) return;
    stream = session.request(headers);
    stream.on("error", () => undefined);
    stream.end(wrap(0, Buffer.alloc(0)));
    const answered = await tellEach(stream, told);
    if (over || session.destroyed || session.closed) return;
    if (!answered) told(true);
    else timer = setTimeout(watch, againMs);
  };
  void watch();
  return {
    [Symbol.dispose]() {
      over = true;
      clearTimeout(timer);
      stream?.close(constants.NGHTTP2_CANCEL);
    },
  };
}

/** Resolves when the watch has ended; whether there was an answer. */
async function tellEach(stream: ClientHttp2Stream, told: (isServing: boolean) => void): Promise<boolean> {
  let answered = false;
  try {
    for await (const { bytes } of unwrapEach(stream, answerBytesMax)) {
      answered = true;
      told(bytes.equals(serving));
    }
  } catch {
    // Whoever watches the connection sees that it broke.
  }
  return answered;
}
