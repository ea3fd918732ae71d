import { expect } from "vitest";
import { adminEmail, password } from "../mesh.ts";
import { basic } from "./fixtures.ts";
import {
  admin,
  badToken,
  feature,
  json,
  missing,
  nobody,
  noToken,
  problem,
  type Row,
  text,
  unknown,
  viewer,
} from "./row.ts";

/** Deletion, tokens, batches, and what is not served. They need the namespace `sales`. */
export const otherRows: readonly Row[] = [
  // Deletion
  [
    "DELETE /v3/unrecoverable/namespaces/sales",
    "deletion is off",
    admin(),
    403,
    text,
    "Namespace 'sales' cannot be deleted because 'enable.unrecoverable.reset' is not enabled. Please enable it and restart CDAP Master.",
  ],
  ["DELETE /v3/unrecoverable/namespaces/sales", "a viewer", viewer(), ...missing("namespaces.write")],
  [
    "DELETE /v3/namespaces/sales",
    "a path without that method",
    admin(),
    ...problem(405, "/v3/namespaces/sales"),
  ],
  // Tokens
  [
    "GET /token",
    "the right password",
    nobody({ headers: basic(adminEmail, password) }),
    200,
    json,
    {
      access_token: expect.stringMatching(/^ey[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: "Bearer",
      expires_in: expect.any(Number),
    },
  ],
  [
    "GET /token",
    "a wrong password",
    nobody({ headers: basic(adminEmail, "wrong") }),
    401,
    text,
    "The user name or the password is wrong",
  ],
  [
    "GET /token",
    "a name that is no address",
    nobody({ headers: basic("alice", "wrong") }),
    401,
    text,
    "The user name or the password is wrong",
  ],
  ["GET /token", "no login", nobody(), 401, text, "Authorization must be Basic"],
  ["GET /token", "a token", admin(), 401, text, "Authorization must be Basic"],
  [
    "GET /token",
    "base64 without a colon",
    nobody({ headers: { authorization: "Basic YWxpY2U=" } }),
    401,
    text,
    "Authorization must be Basic",
  ],
  ["POST /token", "a wrong method", nobody(), ...problem(405, "/token")],
  ["GET /v3/namespaces", "no token", nobody(), ...noToken],
  ["GET /v3/namespaces", "a wrong token", nobody({ token: "nonsense" }), ...badToken],
  ["GET /v3/namespaces", "a login", nobody({ headers: basic(adminEmail, password) }), ...badToken],
  // Batches
  [
    "POST /v3/namespaces/sales/status",
    "an item for each program",
    admin({
      json: [
        { appId: "a", programType: "service", programId: "p", runnableId: "r" },
        { appId: "b", programType: "worker", programId: "q" },
      ],
    }),
    200,
    json,
    [
      { appId: "a", programType: "service", programId: "p", ...notEnabled() },
      { appId: "b", programType: "worker", programId: "q", ...notEnabled() },
    ],
  ],
  ["POST /v3/namespaces/sales/start", "no program", admin({ json: [] }), 200, json, []],
  [
    "POST /v3/namespaces/sales/stop",
    "a program without a type",
    admin({ json: [{ appId: "a", programId: "p" }] }),
    400,
    text,
    "Must provide valid appId, programType, and programId for each object.",
  ],
  [
    "POST /v3/namespaces/sales/runs",
    "no list",
    admin({ json: {} }),
    400,
    text,
    "Request body is invalid json, please check that it is a json array.",
  ],
  ["POST /v3/namespaces/nowhere/instances", "no such namespace", admin({ json: [] }), ...unknown("nowhere")],
  // What there is no counterpart of, what follows with the catalog, and what there never was
  ["GET /v3/namespaces/default/apps", "apps", admin(), ...feature("apps")],
  ["PUT /v3/namespaces/default/apps/a/preferences", "an app's", admin(), ...feature("apps")],
  ["GET /v3/profiles", "profiles of the instance", admin(), ...feature("profiles")],
  ["GET /v3/system/services", "system services", admin(), ...feature("system")],
  ["GET /v3/namespaces/default/metadata/search?query=a", "search", admin(), ...feature("metadata")],
  ["GET /v3/namespaces/default/datasets/d/lineage?start=1", "lineage", admin(), ...feature("datasets")],
  ["GET /v3/hello.com", "an unknown path", admin(), ...problem(404, "/v3/hello.com")],
  ["GET /v3/hello.com?a=b", "the same with a query", nobody(), ...problem(404, "/v3/hello.com?a=b")],
  ["GET /v3", "the root", admin(), ...problem(404, "/v3")],
  ["GET /token/more", "below the token", admin(), ...problem(404, "/token/more")],
];

function notEnabled() {
  return { statusCode: 501, error: "Feature 'apps' is not enabled." };
}
