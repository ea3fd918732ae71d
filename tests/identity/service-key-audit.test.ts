import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { AuditService } from "../../gen/sluice/identity/v1/audit_pb.ts";
import { run } from "../../services/identity/run.ts";
import { startService, temporaryFolder } from "../lib/test-mesh.ts";
import { identityConfig, startIdentity } from "./fixtures.ts";

const polled = { timeout: 30_000, interval: 100 };

test("OK: a key of a secret file, and the one that replaces it, are audited without an actor", async () => {
  await using identity = await startIdentity();
  await using folder = await temporaryFolder();
  const write = (key: string) => writeFile(join(folder.path, "loaderkey"), key.padEnd(40, "-"));
  await write("first");
  const servicePrincipals = [{ secretFile: "loaderkey", org: "main", name: "loader", roles: ["editor"] }];
  const config = identityConfig(identity.database, { servicePrincipals, secretsFolder: folder.path });
  await using service = await startService(run, config);
  const audit = service.client(AuditService, identity.root);
  const events = async () => (await audit.listAuditEvents({ kinds: ["api_key.created"] })).events;
  await expect.poll(async () => (await events()).length, polled).toBe(1);
  const [first] = await events();
  expect(first?.actorUserId).toBe("");
  expect(JSON.parse(first?.detailsJson ?? "")).toEqual({ roles: ["editor"], secretFile: "loaderkey" });
  await write("next");
  await expect.poll(async () => (await events()).length, polled).toBe(2);
  const [next] = await events();
  const { replacedApiKeyId } = JSON.parse(next?.detailsJson ?? "");
  expect(first?.resource).toBe(`api_keys/${replacedApiKeyId}`);
});
