import { expect, test } from "vitest";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { startIdentity } from "./fixtures.ts";
import { issuerOf } from "./oidc/issuer-of.ts";
import { startScene } from "./oidc/scene.ts";
import { startIssuer } from "./oidc/test-issuer.ts";

const scene = forFile(() => startScene({ corp: { display_name: "The corporation" }, other: {} }));

const listOf = async (identity: Awaited<ReturnType<typeof startIdentity>>) =>
  (await identity.client(AuthService, undefined).listIssuers({})).issuers;

test("OK: the issuers of the configuration, in its order", async () => {
  const { url } = scene().provider("corp");
  const [corp, other, ...rest] = await listOf(scene().identity);
  expect(corp).toMatchObject({
    name: "corp",
    displayName: "The corporation",
    issuer: url,
    authorizationEndpoint: `${url}/auth`,
    clientId: "sluice",
    scopes: ["openid", "email", "profile", "groups"],
  });
  expect(other).toMatchObject({ name: "other", displayName: "other" });
  expect(rest).toEqual([]);
});

test("OK: an issuer that does not answer has no endpoint, and takes away nobody else's", async () => {
  await using silent = await startIssuer();
  await using answering = await startIssuer();
  await silent.stop();
  await using identity = await startIdentity({
    issuers: [issuerOf("silent", silent.url), issuerOf("answering", answering.url)],
  });
  expect(await listOf(identity)).toMatchObject([
    { name: "silent", authorizationEndpoint: "" },
    { name: "answering", authorizationEndpoint: `${answering.url}/authorize` },
  ]);
});

test("OK: none without configuration", async () => {
  await using identity = await startIdentity();
  expect(await listOf(identity)).toEqual([]);
});
