import { once } from "node:events";
import { get } from "node:https";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { servername } from "../../edge/lib/tls-server.ts";
import { certificateFolder, contentsFor, createAuthority } from "../../lib/test-certificates.ts";
import { temporaryFolder } from "../../lib/test-mesh.ts";
import { adminEmail, password, startCompatMesh } from "../mesh.ts";
import { basic } from "./fixtures.ts";

test("OK: over https, a login, a list, and a refusal that names https", async () => {
  await using folder = await temporaryFolder();
  const authority = await createAuthority();
  const files = await certificateFolder(folder.path, await contentsFor(authority, "edge"));
  await using mesh = await startCompatMesh({ TLS_CERT_FILE: files.certFile, TLS_KEY_FILE: files.keyFile });
  const read = async (path: string, headers: Readonly<Record<string, string>> = {}) => {
    const to = { host: "127.0.0.1", port: mesh.port, ca: authority.certificatePem, servername };
    const [response] = await once(
      get({ ...to, path, headers: { host: servername, ...headers } }),
      "response",
    );
    return { status: response.statusCode, body: JSON.parse(await text(response)) };
  };
  expect(mesh.url).toMatch(/^https:/);
  expect(await read("/v3/namespaces")).toEqual({
    status: 401,
    body: { auth_uri: [`https://${servername}/token`] },
  });
  const { body } = await read("/token", basic(adminEmail, password));
  const authorization = `Bearer ${body.access_token}`;
  expect(await read("/v3/namespaces", { authorization })).toMatchObject({
    status: 200,
    body: [{ name: "default" }],
  });
});
