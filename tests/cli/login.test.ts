import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { followTo } from "../identity/oidc/authorize.ts";
import { startProvider } from "../identity/oidc/provider.ts";
import { forFile } from "../lib/for-file.ts";
import { startProgram } from "../lib/program.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { type Env, runCli } from "./lib/cli.ts";
import { admin, password, startCliMesh } from "./lib/cli-mesh.ts";

const people = new Map([
  ["ada", { email: "ada@corp.example", email_verified: true, name: "Ada Lovelace" }],
  ["eve", { email: "eve@corp.example", email_verified: true, name: "Eve" }],
]);

const scene = forFile(async () => {
  const stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(await temporaryFolder());
  const { url } = stack.use(await startProvider(people));
  const issuersFile = join(folder, "issuers.json");
  const rules = {
    issuer: url,
    client_id: "sluice",
    algorithms: ["ES256"],
    scopes: ["openid", "email", "profile"],
    org: { name: "main" },
    default_roles: ["viewer"],
    create_accounts: true,
  };
  const issuers = [
    { name: "corp", display_name: "The company", ...rules },
    { name: "lab", ...rules, issuer: stack.use(await startProvider(people)).url },
  ];
  await writeFile(issuersFile, JSON.stringify({ issuers }));
  const mesh = stack.use(await startCliMesh({ OIDC_ISSUERS_FILE: issuersFile }));
  // A browser whose user signs in as Ada.
  const browser = join(folder, "browser");
  await writeFile(browser, "#!/bin/sh\nexec curl --silent --location --cookie '' \"$1&login_hint=ada\"\n");
  await chmod(browser, 0o700);
  return { mesh, browser, [Symbol.asyncDispose]: () => stack.disposeAsync() };
});

/** A sign-in without a browser: its address and the program that waits for it. */
async function startSignIn(env: Env) {
  const program = startProgram("cli/main.ts", env, ["login", "--oidc", "corp"]);
  const url = new URL(await program.printed(/^ {2}(http\S+)$/m));
  return { program, url, redirectUri: url.searchParams.get("redirect_uri") ?? "" };
}

test("OK: a sign-in in the browser gives a login, which is refreshed and ended like any other", async () => {
  const { mesh, browser } = scene();
  const env = await mesh.newUser();
  const { code, stdout, stderr } = await runCli({ ...env, BROWSER: browser }, ["login", "--oidc", "corp"]);
  expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: "" });
  expect(stderr).toContain("Logged in at");
  expect(stderr).toContain("as ada@corp.example");
  expect(stderr).not.toMatch(/eyJ/);
  const { roles } = JSON.parse((await runCli(env, ["whoami", "--json"])).stdout);
  expect(roles).toEqual(["viewer"]);
  expect((await runCli(env, ["logout"])).code).toBe(0);
});

test("OK: without a browser the printed address is enough, and only an answer with the state counts", async () => {
  const env = await scene().mesh.newUser();
  const { program, url, redirectUri } = await startSignIn(env);
  await using _ = program;
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    response_type: "code",
    client_id: "sluice",
    scope: "openid email profile",
    code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    code_challenge_method: "S256",
    state: expect.stringMatching(/^[\w-]{22}$/),
    nonce: expect.stringMatching(/^[\w-]{22}$/),
    redirect_uri: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/callback$/),
  });
  expect((await fetch(`${redirectUri}?code=forged&state=forged`)).status).toBe(400);
  expect((await fetch(new URL("/other", redirectUri))).status).toBe(404);
  expect((await fetch(redirectUri, { method: "POST" })).status).toBe(404);
  url.searchParams.set("login_hint", "eve");
  const answer = await followTo(redirectUri, url);
  const page = await fetch(`${redirectUri}?${answer}`);
  expect(page.headers.get("content-security-policy")).toBe("default-src 'none'");
  expect(await page.text()).toContain("You can close this window.");
  expect(await program.ended, program.output()).toBe(0);
  expect(program.output()).toContain("as eve@corp.example");
});

test("Unauthenticated: a provider's refusal and a forged code end the command", async () => {
  const env = await scene().mesh.newUser();
  const refused = await startSignIn(env);
  await using _refused = refused.program;
  const state = refused.url.searchParams.get("state");
  await fetch(`${refused.redirectUri}?state=${state}&error=access_denied&error_description=no%1b%5b31m`);
  expect(await refused.program.ended).toBe(3);
  expect(refused.program.output()).toContain("the identity provider refused the sign-in: no\\x1b[31m");
  const forged = await startSignIn(env);
  await using _forged = forged.program;
  await fetch(`${forged.redirectUri}?state=${forged.url.searchParams.get("state")}&code=forged`);
  expect(await forged.program.ended).toBe(3);
  expect((await runCli(env, ["whoami"])).code).toBe(3);
});

test("OK: Ctrl-C ends the wait", async () => {
  const { program } = await startSignIn(await scene().mesh.newUser());
  await using _ = program;
  program.process.kill("SIGINT");
  expect(await program.ended).toBe(130);
});

test("InvalidArgument: a provider has to be named if there are several, and exist", async () => {
  const env = await scene().mesh.newUser();
  expect(await runCli(env, ["login", "--oidc"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("give one of corp, lab"),
  });
  expect(await runCli(env, ["login", "--oidc", "other"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("there is no identity provider other"),
  });
});

test("OK: --org chooses between organisations that have the same address and password", async () => {
  const { mesh } = scene();
  await runCli(mesh.env, ["orgs", "create", "lab", "--admin-email", admin, "--password-stdin"], password);
  const user = ["login", "--email", admin, "--password-stdin"];
  const env = await mesh.newUser();
  expect(await runCli(env, user, password)).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("give --org"),
  });
  expect((await runCli(env, [...user, "--org", "lab"], password)).code).toBe(0);
  expect(JSON.parse((await runCli(env, ["orgs", "list", "--json"])).stdout).orgs).toMatchObject([
    { name: "lab" },
  ]);
});
