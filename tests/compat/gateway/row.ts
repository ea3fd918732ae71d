import { expect } from "vitest";
import type { Known, Sent } from "./fixtures.ts";

export const detail = (text: unknown) => ({ detail: text });
export const unknownUser = [404, detail("The user with this username does not exist in the system")] as const;
export const noHeader = [401, detail("Missing Authorization Header")] as const;
export const badToken = [422, detail("the credential is unknown, malformed, expired or revoked")] as const;
export const jwt = expect.stringMatching(/^ey[\w-]+\.[\w-]+\.[\w-]+$/);
export const id = expect.stringMatching(/^[\da-f-]{36}$/);

/** A request and its whole answer. */
export type Row = readonly [
  line: string | ((known: Known) => string),
  why: string,
  sent: Sent | ((known: Known) => Sent),
  status: number,
  body: unknown,
];

export const asAdmin =
  (sent: Sent = {}) =>
  ({ admin }: Known): Sent => ({ token: admin.accessToken, ...sent });
export const asAnn =
  (sent: Sent = {}) =>
  ({ ann }: Known): Sent => ({ token: ann.accessToken, ...sent });
export const ofAnn =
  (method: string, rest = "") =>
  ({ ann }: Known) =>
    `${method} /api_v1/users/${ann.user.id}${rest}`;
export const ann = {
  id,
  email: expect.any(String),
  is_active: true,
  first_name: "Ann",
  last_name: "van der Berg",
};
export const body = (json: unknown): Sent => ({ json });
