import { expect, test } from "vitest";
import { forFile } from "../../lib/for-file.ts";
import { freePort } from "../../lib/free-port.ts";
import { adminEmail, password, startCompatMesh } from "../mesh.ts";
import { bearer, native, send } from "./fixtures.ts";
import { absent, notUuid, problem, unauthenticated } from "./row.ts";

const scene = forFile(async () => {
  const port = await freePort();
  const mesh = await startCompatMesh({
    COMPAT_APIS: "rivergen",
    RIVERGEN_PORTS: String(port),
    RIVERGEN_STAGING: "off",
  });
  const login = { json: { email: adminEmail, password } };
  const target = { port: mesh.port, ports: [port, port, port] as const };
  const { accessToken } = await native(target, "POST /api/v1/auth/token", login);
  return { port, headers: bearer(accessToken), [Symbol.asyncDispose]: () => mesh[Symbol.asyncDispose]() };
});

const jobs = "/api/v1/staging/jobs";

test.each([
  [`POST ${jobs}`, { data_source_id: absent, tables: ["t"] }],
  [`GET ${jobs}`, undefined],
  [`GET ${jobs}/${absent}`, undefined],
  [`DELETE ${jobs}/${absent}`, undefined],
  [`POST ${jobs}/${absent}/pause`, {}],
  [`POST ${jobs}/${absent}/resume`, {}],
  [`GET ${jobs}/${absent}/chunks`, undefined],
  [`GET ${jobs}/${absent}/chunks/0`, undefined],
])("Unimplemented: %s where the switch is off", async (line, json) => {
  const { status, body } = await send(scene().port, line, { headers: scene().headers, json });
  expect([status, JSON.parse(body)]).toEqual([
    501,
    problem("NOT_IMPLEMENTED", "staging is switched off here", { reason: "ENDPOINT_DISABLED" }),
  ]);
});

test("Unauthenticated, InvalidArgument: credentials and requests are checked before the switch", async () => {
  const { port, headers } = scene();
  expect(JSON.parse((await send(port, `GET ${jobs}`)).body)).toEqual(unauthenticated);
  expect(JSON.parse((await send(port, `GET ${jobs}/x`, { headers })).body)).toEqual(notUuid("job_id"));
});
