import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A request's bytes and the expected status of its response. */
export type RawRequest = { readonly bytes: Buffer; readonly status: number };

const headEnd = Buffer.from("\r\n\r\n");

/**
 * Sends requests over keep-alive connections, one at a time on each. The client parses as little as possible, because its CPU
 * time is lost to the measured server.
 */
export async function sendMany(
  url: URL,
  { count, connections }: { count: number; connections: number },
  next: () => RawRequest,
): Promise<void> {
  let left = count;
  const worker = async () => {
    const socket = connect(Number(url.port), url.hostname);
    await once(socket, "connect");
    socket.setNoDelay(true);
    const responses = readAnswers(socket);
    while (left > 0) {
      left -= 1;
      const { bytes, status } = next();
      socket.write(bytes);
      const { value } = await responses.next();
      if (value !== status) throw new Error(`${url.pathname} answers ${value ?? "nothing"}, not ${status}`);
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: connections }, worker));
}

/** Yields the status of each complete response. */
async function* readAnswers(socket: Socket): AsyncGenerator<number> {
  let head = Buffer.alloc(0);
  let missingBytes = 0;
  let status = 0;
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    if (status > 0) missingBytes -= chunk.length;
    else {
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      const end = head.indexOf(headEnd);
      if (end < 0) continue;
      const text = head.subarray(0, end).toString("latin1");
      status = Number(text.slice(9, 12));
      missingBytes = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0) - (head.length - end - 4);
      head = Buffer.alloc(0);
    }
    if (missingBytes > 0) continue;
    const whole = status;
    status = 0;
    yield whole;
  }
}

/** Encodes a request. */
export function rawRequest(
  method: string,
  url: URL,
  headers: Readonly<Record<string, string | number>>,
  body: Buffer = Buffer.alloc(0),
): Buffer {
  const lines = Object.entries({ host: url.host, ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const head = `${method} ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join("")}\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}
