import { once } from "node:events";
import { type IncomingHttpHeaders, request } from "node:http";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { expect } from "vitest";

export type RawResponse = { status: number; headers: IncomingHttpHeaders; body: string };
type Body = string | Buffer | Readable | object;
/** Calls the REST API. Objects are sent as JSON. */
export type Call = (
  method: string,
  path: string,
  body?: Body,
  headers?: Record<string, string>,
) => Promise<RawResponse>;

/** Calls the mesh at `url` with the headers' credential. */
export const caller =
  (url: string, standing: Record<string, string> = {}): Call =>
  async (method, path, body = "", headers = {}) => {
    const { hostname, port } = new URL(url);
    const json = isPlain(body) ? { "content-type": "application/json" } : {};
    const call = request({
      host: hostname,
      port,
      path,
      method,
      agent: false,
      headers: { ...json, ...standing, ...headers },
    });
    const answered = once(call, "response");
    if (isStream(body)) await pipeline(body, call);
    else call.end(isPlain(body) ? JSON.stringify(body) : body);
    const [response] = await answered;
    return { status: response.statusCode, headers: response.headers, body: await text(response) };
  };

const isStream = (body: Body): body is Readable => typeof body === "object" && "pipe" in body;
const isPlain = (body: Body): boolean =>
  typeof body === "object" && !Buffer.isBuffer(body) && !isStream(body);

/** The first administrator's access token. */
export async function logIn(url: string, password: string): Promise<string> {
  const { body } = await caller(url)("POST", "/api/v1/auth/token", { email: "admin@sluice.local", password });
  return JSON.parse(body).accessToken;
}

/** An error response: HTTP status, code, reason or fields, and message. */
export type Problem = (string | number)[];

/** Reads an error response and expects no stack, path or address of the server in it. */
export function problemOf(answer: RawResponse): Problem {
  expect(answer.body).not.toMatch(/\n\s+at |node_modules|\.[tj]s\b|\.sock\b|\/tmp\/|stack/);
  const { error } = JSON.parse(answer.body);
  type Detail = { reason?: string; fieldViolations?: { field: string }[] };
  const names = error.details.flatMap(({ reason, fieldViolations = [] }: Detail) =>
    reason ? [reason] : fieldViolations.map(({ field }) => field),
  );
  return [answer.status, error.status, ...names, error.message];
}
