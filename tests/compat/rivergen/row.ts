import { expect } from "vitest";
import type { Callers, Sent, Things } from "./fixtures.ts";

/** What the rows may name. */
export type Scene = Callers & Things;

/** A request and its whole answer. */
export type Row = readonly [
  line: string,
  why: string,
  exchange: (scene: Scene) => {
    /** Parts of the line that stand for a name in braces. */
    readonly sent: Sent;
    readonly status: number;
    /** The JSON of the body. */
    readonly body: unknown;
  },
];

export const uuid = expect.stringMatching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
export const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
export const signedUrl = expect.stringMatching(/^\/api\/v1\/storage\/signed\/[\w-]+$/);
export const absent = "01a22be6-0000-7000-8000-000000000000";

export const ok = (data: unknown, message: string) => ({ success: true, data, message });

export const problem = (
  code: string,
  message: unknown,
  details: { field?: unknown; reason?: unknown } = {},
) => ({
  error: { code, message, details: { field: null, reason: null, ...details }, timestamp: time },
});

export const invalid = (field: string, reason: string) =>
  problem("VALIDATION_ERROR", `${field}: ${reason}`, { field, reason });

export const missing = (kind: string, id: string) =>
  problem("RESOURCE_NOT_FOUND", `${kind} ${id} not found`, { reason: "RESOURCE_NOT_FOUND" });

export const lacking = (permission: string) =>
  problem("PERMISSION_DENIED", `permission ${permission} is required`, { reason: "PERMISSION_MISSING" });

export const unauthenticated = problem(
  "AUTH_REQUIRED",
  "a credential is required: send Authorization: Bearer <access token or API key>",
  { reason: "CREDENTIAL_MISSING" },
);

export const notUuid = (field: string) => invalid(field, "must be a valid UUID");

export const pagination = (totalCount: number, more: object = {}) => ({
  page: 1,
  page_size: 20,
  total_count: totalCount,
  total_pages: totalCount === 0 ? 0 : 1,
  has_next: false,
  has_previous: false,
  ...more,
});

/** A row of a request by Ann, who is an editor. */
export const asAnn =
  (sent: Sent, status: number, body: unknown | ((scene: Scene) => unknown)): Row[2] =>
  (scene) => ({
    sent: { headers: scene.ann, ...sent },
    status,
    body: typeof body === "function" ? body(scene) : body,
  });

/** A row of a request by another caller. */
export const as =
  (
    who: "viewer" | "service" | "weakService" | "key" | "bob" | "nobody",
    sent: Sent,
    status: number,
    body: unknown | ((scene: Scene) => unknown),
  ): Row[2] =>
  (scene) => ({
    sent: { ...(who !== "nobody" && { headers: scene[who] }), ...sent },
    status,
    body: typeof body === "function" ? body(scene) : body,
  });
