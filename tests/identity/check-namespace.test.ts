import { expect, test } from "vitest";
import { NamespaceService } from "../../gen/sluice/identity/v1/namespaces_pb.ts";
import { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { failureOf, missing, newOrg, startIdentity } from "./fixtures.ts";

const identity = forFile(startIdentity);

test("OK: CheckNamespace of an existing one; NotFound: another organisation's, and one that is being deleted", async () => {
  const { admin } = await newOrg(identity());
  const namespaces = identity().client(NamespaceService, admin);
  const { client } = identity();
  const check = (name: string, who = admin) => client(PolicyService, who, "storage").checkNamespace({ name });
  await namespaces.createNamespace({ namespace: { name: "team" } });
  await check("team");
  await check("default");
  const stranger = (await newOrg(identity())).admin;
  expect(await failureOf(check("team", stranger))).toEqual(missing("namespace", "team"));
  await namespaces.deleteNamespace({ name: "team", force: true });
  expect(await failureOf(check("team"))).toEqual(missing("namespace", "team"));
});

test("PermissionDenied: the edge; InvalidArgument: a name that none can have", async () => {
  const { admin } = await newOrg(identity());
  const { client } = identity();
  expect(await failureOf(client(PolicyService, admin).checkNamespace({ name: "default" }))).toMatchObject({
    code: "PermissionDenied",
  });
  const call = client(PolicyService, admin, "storage").checkNamespace({ name: "a b" });
  expect(await failureOf(call)).toMatchObject({ fields: ["name"] });
});
