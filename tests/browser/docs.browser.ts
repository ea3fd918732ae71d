import type { Browser, Locator, Page, Request } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { exposedServices } from "../../edge/contracts.ts";
import type { EdgeServer } from "../../edge/listen/server.ts";
import { startStubMesh } from "../openapi/stub-mesh.ts";
import { startChromium } from "./chromium.ts";

let edge: EdgeServer;
let browser: Browser;
let page: Page;
/** URLs of the page's requests, its requests in flight, and its errors and warnings. */
let requested: string[];
let pending: Set<Request>;
let problems: string[];

beforeAll(async () => {
  edge = await startStubMesh(exposedServices);
  browser = await startChromium();
});
afterAll(async () => {
  await browser?.close();
  await edge?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  requested = [];
  pending = new Set();
  problems = [];
  page = await browser.newPage();
  // A single wait may take as long as its test.
  page.setDefaultTimeout(110_000);
  page.on("request", (request) => {
    requested.push(request.url());
    pending.add(request);
  });
  page.on("requestfinished", (request) => pending.delete(request));
  page.on("requestfailed", (request) => pending.delete(request));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  await page.goto(`${edge.address}/docs`);
  await page.locator(".opblock-tag-section").first().waitFor();
});
afterEach(() => page.close());

/** Opens an operation. */
async function open(operationId: string): Promise<Locator> {
  const tag = operationId.slice(0, operationId.lastIndexOf("."));
  await page.locator(`.opblock-tag[data-tag="${tag}"]`).click();
  const operation = page.locator(`.opblock[id$="-${operationId.replaceAll(".", "\\\\.")}"]`);
  await operation.locator(".opblock-summary").click();
  return operation;
}

/** Sends the request of an operation's form. Returns it and the status of the response. */
async function execute(operation: Locator): Promise<{ request: Request; status: number }> {
  const responded = page.waitForResponse((response) => response.url().includes("/api/"));
  await operation.getByRole("button", { name: "Execute" }).click();
  const response = await responded;
  await operation.locator(".live-responses-table .response-col_status").first().waitFor();
  return { request: response.request(), status: response.status() };
}

/** Enters a credential in the form. */
async function authorize(scheme: string, credential: string): Promise<void> {
  await page.locator(".btn.authorize").click();
  const form = page.locator(".auth-container", { hasText: scheme });
  await form.locator("input").fill(credential);
  await form.getByRole("button", { name: "Apply credentials" }).click();
  await page.locator(".btn-done").first().click();
}

test("OK: the page shows every service, and nothing of it comes from elsewhere", async () => {
  const tags = await page.locator(".opblock-tag").evaluateAll((all) => all.map((one) => one.dataset.tag));
  expect(tags.sort()).toEqual(exposedServices.map(({ typeName }) => typeName).sort());
  // One is open at a time: of many open ones the page renders those in sight only.
  for (const tag of await page.locator(".opblock-tag").all()) {
    await tag.click();
    await tag.click();
  }
  await expectNothingForeign();
});

test("401: a call without a credential, as the page shows it", async () => {
  const { request, status } = await execute(await open("sluice.identity.v1.UserService.GetMe"));
  expect(status).toBe(401);
  expect(await request.headerValue("authorization")).toBeNull();
  await page.locator(".live-responses-table", { hasText: "CREDENTIAL_MISSING" }).waitFor();
});

test("OK: a call carries the access token that the page was given", async () => {
  await authorize("accessToken", "a-token");
  const { request, status } = await execute(await open("sluice.identity.v1.UserService.GetMe"));
  expect([status, await request.headerValue("authorization")]).toEqual([200, "Bearer a-token"]);
  await expectNothingForeign();
});

test("OK: a call carries the API key that the page was given", async () => {
  await authorize("apiKey", "a-key");
  const { request, status } = await execute(await open("sluice.identity.v1.UserService.GetMe"));
  expect([status, await request.headerValue("x-api-key")]).toEqual([200, "a-key"]);
});

test("OK: a call with a body sends the example as it stands there", async () => {
  await authorize("accessToken", "a-token");
  const { request, status } = await execute(await open("sluice.staging.v1.StagingService.CreateJob"));
  expect(status).toBe(201);
  expect(request.postDataJSON()).toMatchObject({ job: { tables: ["example"] } });
  await expectNothingForeign();
});

test("OK: a file is uploaded from the page's form", async () => {
  await authorize("accessToken", "a-token");
  const operation = await open("sluice.storage.v1.FileService.UploadFile");
  const file = { name: "example.csv", mimeType: "text/csv", buffer: Buffer.from("a,b\n1,2\n") };
  await operation.locator("input[type=file]").setInputFiles(file);
  const { status } = await execute(operation);
  expect(status).toBe(201);
});

test("OK: a credential is gone with the page", async () => {
  await authorize("accessToken", "a-token");
  const kept = await page.evaluate(
    "JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])",
  );
  expect(kept).not.toContain("a-token");
});

/** Expects no requests to other origins and no console messages, which include violations of the page's policy. */
async function expectNothingForeign(): Promise<void> {
  await expect.poll(() => pending.size, { timeout: 60_000 }).toBe(0);
  const elsewhere = requested.filter(
    (url) => !url.startsWith(`${edge.address}/`) && !/^(data|blob):/.test(url),
  );
  expect([elsewhere, problems]).toEqual([[], []]);
}
