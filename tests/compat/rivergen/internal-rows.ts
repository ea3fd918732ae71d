import { expect } from "vitest";
import { uploaded } from "./file-rows.ts";
import type { Sent } from "./fixtures.ts";
import {
  absent,
  as,
  asAnn,
  invalid,
  lacking,
  missing,
  ok,
  problem,
  type Row,
  type Scene,
  time,
} from "./row.ts";

/** Rows that every endpoint below `/internal` has. */
const guarded = (line: string, sent: Sent, permission: string): Row[] => [
  [line, "PermissionDenied: an editor with a login", asAnn(sent, 403, lacking("principals.delegate"))],
  [line, "PermissionDenied: a platform's key that names nobody", as("key", sent, 403, lacking(permission))],
];

const vector = (id: string, values: number[], more: object = {}) => ({ id, values, ...more });
const stored = (count: number, collection = "default") =>
  ok({ collection, upserted_count: count }, "Vectors stored successfully");
const found = (...matches: object[]) => ok({ matches }, "Vectors found successfully");
const collectionMissing = missing("collection", "nothing");

const vectors: Row[] = [
  [
    "POST /internal/vectors",
    "OK: the first ones make the collection",
    as(
      "service",
      { json: { vectors: [vector("a", [1, 0], { metadata: { lang: "en" } }), vector("b/ü", [0, 1])] } },
      200,
      stored(2),
    ),
  ],
  [
    "POST /internal/vectors",
    "OK: another collection, with another metric",
    as(
      "service",
      { json: { collection: "far", metric: "l2", vectors: [vector("a", [3, 4])] } },
      200,
      stored(1, "far"),
    ),
  ],
  [
    "POST /internal/vectors",
    "InvalidArgument: another dimension",
    as(
      "service",
      { json: { vectors: [vector("c", [1, 2, 3])] } },
      400,
      problem("VALIDATION_ERROR", expect.any(String), {
        field: expect.anything(),
        reason: expect.any(String),
      }),
    ),
  ],
  [
    "POST /internal/vectors",
    "InvalidArgument: none",
    as("service", { json: { vectors: [] } }, 400, invalid("vectors", "must contain at least 1 item(s)")),
  ],
  [
    "POST /internal/vectors",
    "InvalidArgument: a name with a quote",
    as(
      "service",
      { json: { collection: 'a" OR name = "b', vectors: [vector("c", [1])] } },
      400,
      problem("VALIDATION_ERROR", expect.stringMatching(/^collection: /), {
        field: "collection",
        reason: expect.any(String),
      }),
    ),
  ],
  ...guarded("POST /internal/vectors", { json: { vectors: [vector("c", [1])] } }, "storage.vectors.write"),
  [
    "POST /internal/vectors",
    "PermissionDenied: for a viewer",
    as("weakService", { json: { vectors: [vector("c", [1])] } }, 403, lacking("storage.vectors.write")),
  ],
  [
    "POST /internal/vectors/search",
    "OK: the nearest, with its metadata, also for a viewer",
    as(
      "weakService",
      { json: { vector: [1, 0], top_k: 1, include_values: true } },
      200,
      found({ id: "a", score: 1, values: [1, 0], metadata: { lang: "en" } }),
    ),
  ],
  [
    "POST /internal/vectors/search",
    "OK: of those that a filter names",
    as(
      "service",
      { json: { vector: [0, 1], filter: "lang = en" } },
      200,
      found({ id: "a", score: 0, values: [], metadata: { lang: "en" } }),
    ),
  ],
  [
    "POST /internal/vectors/search",
    "OK: by distance",
    as(
      "service",
      { json: { collection: "far", vector: [0, 0] } },
      200,
      found({ id: "a", score: 5, values: [], metadata: expect.anything() }),
    ),
  ],
  [
    "POST /internal/vectors/search",
    "InvalidArgument: a filter that can't be read",
    as(
      "service",
      { json: { vector: [1, 0], filter: "lang = (" } },
      400,
      problem("VALIDATION_ERROR", expect.any(String), {
        field: expect.anything(),
        reason: expect.any(String),
      }),
    ),
  ],
  [
    "POST /internal/vectors/search",
    "NotFound: an unknown collection",
    as("service", { json: { collection: "nothing", vector: [1] } }, 404, collectionMissing),
  ],
  ...guarded("POST /internal/vectors/search", { json: { vector: [1] } }, "storage.vectors.read"),
  [
    "DELETE /internal/vectors/b%2F%C3%BC",
    "OK: one is removed",
    as("service", {}, 200, ok({ id: "b/ü" }, "Vector deleted successfully")),
  ],
  ["DELETE /internal/vectors/b", "NotFound: an unknown one", as("service", {}, 404, missing("vector", "b"))],
  [
    "DELETE /internal/vectors/b?collection=nothing",
    "NotFound: an unknown collection",
    as("service", {}, 404, collectionMissing),
  ],
  ...guarded("DELETE /internal/vectors/a", {}, "storage.vectors.write"),
];

const files: Row[] = [
  [
    "POST /internal/files",
    "OK: a file of the user that the platform names",
    as(
      "service",
      { form: { file: "x", name: "inner.txt", type: "text/plain" } },
      201,
      ok(uploaded("inner", "txt", 1, "text/plain"), "File uploaded successfully"),
    ),
  ],
  [
    "POST /internal/files",
    "InvalidArgument: no file",
    as("service", { form: {} }, 400, invalid("file", "is missing: the form has no such file")),
  ],
  ...guarded("POST /internal/files", { form: { file: "x" } }, "storage.files.write"),
  [
    "GET /internal/files/organizations/{orgId}/nothing",
    "NotFound: an unknown file",
    as("service", {}, 404, ({ orgId }: Scene) => missing("file", `organizations/${orgId}/nothing`)),
  ],
  ...guarded("GET /internal/files/{object}", {}, "storage.files.read"),
];

const entry = (key: string, value: unknown, message: string) => ok({ key, value, expires_at: time }, message);
const setMessage = "Cache entry stored successfully";
const gotMessage = "Cache entry retrieved successfully";

const cache: Row[] = [
  [
    "GET /internal/cache/known",
    "OK: any JSON",
    as("service", {}, 200, entry("known", { a: [1, null] }, gotMessage)),
  ],
  [
    "PUT /internal/cache/a%2Fb",
    "OK: a key with a slash, for a time",
    as("service", { json: { value: null, ttl: 60 } }, 200, entry("a/b", null, setMessage)),
  ],
  [
    "GET /internal/cache/a%2Fb",
    "OK: null is a value",
    as("service", {}, 200, entry("a/b", null, gotMessage)),
  ],
  [
    "PUT /internal/cache/k",
    "InvalidArgument: a number that a double can't hold",
    as(
      "service",
      { body: '{"value":9007199254740993}' },
      400,
      invalid("value", "is an integer beyond 2^53: write it as a string"),
    ),
  ],
  [
    "PUT /internal/cache/k",
    "InvalidArgument: no value",
    as("service", { json: {} }, 400, invalid("value", "value is required")),
  ],
  [
    "PUT /internal/cache/k",
    "InvalidArgument: a value that is too large",
    as(
      "service",
      { json: { value: "x".repeat(1024 * 1024) } },
      400,
      invalid("value", "is larger than 1048576 bytes"),
    ),
  ],
  [
    "PUT /internal/cache/k",
    "InvalidArgument: for too long",
    as(
      "service",
      { json: { value: 1, ttl: 2_592_001 } },
      400,
      invalid("ttl", "must be greater than or equal to 0 and less than or equal to 2592000"),
    ),
  ],
  ...guarded("PUT /internal/cache/k", { json: { value: 1 } }, "storage.cache.write"),
  [
    "PUT /internal/cache/k",
    "PermissionDenied: for a viewer",
    as("weakService", { json: { value: 1 } }, 403, lacking("storage.cache.write")),
  ],
  [
    "GET /internal/cache/nothing",
    "NotFound: an unknown key",
    as("service", {}, 404, missing("cache entry", "nothing")),
  ],
  ...guarded("GET /internal/cache/known", {}, "storage.cache.read"),
  [
    "DELETE /internal/cache/a%2Fb",
    "OK: a value is forgotten",
    as("service", {}, 200, ok({ key: "a/b" }, "Cache entry deleted successfully")),
  ],
  [
    "DELETE /internal/cache/a%2Fb",
    "OK: again",
    as("service", {}, 200, ok({ key: "a/b" }, "Cache entry deleted successfully")),
  ],
  ...guarded("DELETE /internal/cache/k", {}, "storage.cache.write"),
];

const tier = (name: string, storedBytes: unknown, message: string) => (scene: Scene) =>
  ok({ object_name: scene.object, tier: name, size_bytes: 268, stored_bytes: storedBytes }, message);
const objectRow = (line: string, why: string, name: string, storedBytes: unknown, message: string): Row => [
  line,
  why,
  (scene) => ({
    sent: { headers: scene.service, json: { object_name: scene.object } },
    status: 200,
    body: tier(name, storedBytes, message)(scene),
  }),
];
const unknownObject = `organizations/${absent}/files/x`;

const lifecycle: Row[] = [
  objectRow(
    "POST /internal/lifecycle/cold",
    "OK: a file takes less",
    "cold",
    96,
    "File moved to cold storage",
  ),
  [
    "GET /internal/lifecycle/status/{object}",
    "OK: how it is stored",
    as("service", {}, 200, tier("cold", 96, "Lifecycle status retrieved successfully")),
  ],
  [
    "GET /internal/lifecycle/status/{object:encoded}",
    "OK: the same with encoded slashes",
    as("service", {}, 200, tier("cold", 96, "Lifecycle status retrieved successfully")),
  ],
  objectRow(
    "POST /internal/lifecycle/warm",
    "OK: it is fast again",
    "warm",
    268,
    "File moved to warm storage",
  ),
  ...["warm", "cold"].flatMap((name): Row[] => [
    [
      `POST /internal/lifecycle/${name}`,
      "NotFound: an unknown file",
      as("service", { json: { object_name: unknownObject } }, 404, missing("file", unknownObject)),
    ],
    [
      `POST /internal/lifecycle/${name}`,
      "InvalidArgument: no name",
      as("service", { json: {} }, 400, invalid("object_name", "must be at least 1 characters")),
    ],
    ...guarded(
      `POST /internal/lifecycle/${name}`,
      { json: { object_name: unknownObject } },
      name === "warm" ? "storage.files.read" : "storage.files.write",
    ),
  ]),
  [
    `GET /internal/lifecycle/status/${unknownObject}`,
    "NotFound: an unknown file",
    as("service", {}, 404, missing("file", unknownObject)),
  ],
  ...guarded("GET /internal/lifecycle/status/{object}", {}, "storage.files.read"),
];

export const internalRows: readonly Row[] = [...vectors, ...files, ...cache, ...lifecycle];
