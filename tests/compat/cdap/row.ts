import { expect } from "vitest";
import type { Known, Sent } from "./fixtures.ts";

export const text = "text/plain; charset=utf-8";
export const json = "application/json";

/** A request and its whole answer. A type that is undefined is that of an empty body. */
export type Row = readonly [
  line: string,
  why: string,
  sent: (known: Known) => Sent,
  status: number,
  type: string | undefined,
  body: unknown,
];

export const admin =
  (sent: Sent = {}) =>
  (known: Known): Sent => ({ token: known.admin, ...sent });
export const viewer =
  (sent: Sent = {}) =>
  (known: Known): Sent => ({ token: known.viewer, ...sent });
export const nobody =
  (sent: Sent = {}) =>
  () =>
    sent;

const authUri = [expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/token$/)];
const tokenType = "application/json;charset=UTF-8";
export const noToken = [401, tokenType, { auth_uri: authUri }] as const;
export const badToken = [
  401,
  tokenType,
  { error: "invalid_token", error_description: expect.any(String), auth_uri: authUri },
] as const;
export const unknown = (name: string) => [404, text, `'namespace:${name}' was not found.`] as const;
export const notPresent = (name: string) => [404, text, `Namespace ${name} not present`] as const;
export const problem = (status: 404 | 405, target: string) =>
  [
    status,
    text,
    `Problem accessing: ${target}. Reason: ${status === 404 ? "Not Found" : "Method Not Allowed"}`,
  ] as const;
export const badId = [400, text, "Namespace id can contain only alphanumeric characters or '_'."] as const;
export const badBody = [400, text, "Invalid json object provided in request body."] as const;
export const badPreferences = [400, text, "Invalid JSON in body"] as const;
export const feature = (name: string) => [501, text, `Feature '${name}' is not enabled.`] as const;
export const missing = (permission: string) => [403, text, `permission ${permission} is required`] as const;
export const generation = expect.any(Number);
