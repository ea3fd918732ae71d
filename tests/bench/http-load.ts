import { once } from "node:events";
import { Agent, type IncomingMessage, type RequestOptions, request } from "node:http";
import type { Readable } from "node:stream";

export type Target = { readonly url: string; readonly headers: Record<string, string> };

/** Sends `count` GETs with a fixed concurrency over keep-alive connections. */
export async function getMany(target: Target, count: number, concurrency: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  let left = count;
  const worker = async () => {
    while (left-- > 0) await drain(await send(target, { agent }));
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  agent.destroy();
}

/** Sends a stream as the body. */
export async function post(target: Target, body: Readable, sizeBytes: number): Promise<void> {
  const headers = { "content-length": String(sizeBytes), "content-type": "application/octet-stream" };
  await drain(await send(target, { method: "POST", headers }, body));
}

/** Reads a response to its end. Returns the number of bytes. */
export async function download(target: Target): Promise<number> {
  return drain(await send(target, {}));
}

async function send(target: Target, options: RequestOptions, body?: Readable): Promise<IncomingMessage> {
  const headers = { ...target.headers, ...(options.headers as Record<string, string>) };
  const call = request(target.url, { ...options, headers });
  if (body) body.pipe(call);
  else call.end();
  const [response] = (await once(call, "response")) as [IncomingMessage];
  return response;
}

async function drain(response: IncomingMessage): Promise<number> {
  let sizeBytes = 0;
  let text = "";
  for await (const chunk of response) {
    sizeBytes += (chunk as Buffer).length;
    if ((response.statusCode ?? 0) >= 300) text += chunk;
  }
  if ((response.statusCode ?? 0) >= 300) throw new Error(`${response.statusCode}: ${text}`);
  return sizeBytes;
}
