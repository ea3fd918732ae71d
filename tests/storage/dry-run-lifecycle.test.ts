import { expect, test } from "vitest";
import { LifecycleAction as Action, LifecycleService } from "../../gen/sluice/storage/v1/lifecycle_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { upload } from "./fixtures.ts";
import { age, coolAfter, expireAfter, setRules } from "./lifecycle-fixtures.ts";
import { newOrgWith, only, startStorageWithIdentity } from "./namespaces.ts";

const scene = forFile(startStorageWithIdentity);
const as = (who: Principal) => scene().storage.client(LifecycleService, who);

/** Uploads a file that is some days old. */
async function aged(who: Principal, name: string, daysOld: number, readDays?: number, namespace = "") {
  const file = await upload(scene().storage, who, { name, content: name, namespace });
  await age(scene().identity.database, file.fileId, daysOld, readDays);
  return file.fileId;
}

test("OK: DryRunLifecycle lists what would go and why, and does nothing", async () => {
  const who = await newOrgWith(scene().identity, "lab");
  await setRules(scene().storage, who, [
    coolAfter(7),
    expireAfter(30, { prefix: "tmp-" }),
    expireAfter(0, { name: "off", disabled: true }),
  ]);
  await setRules(scene().storage, who, [expireAfter(2)], "lab");
  const old = await aged(who, "tmp-old", 31);
  const held = await aged(who, "tmp-held", 40);
  const idle = await aged(who, "idle", 20, 8);
  const ofLab = await aged(who, "of lab", 2, undefined, "lab");
  for (const [name, daysOld, readDays, namespace] of [
    ["tmp-young", 29, 1],
    ["read", 20, 6],
    ["new", 6],
    ["new of lab", 1, 1, "lab"],
  ] as const)
    await aged(who, name, daysOld, readDays, namespace);
  await as(who).setFileHold({ fileId: held, held: true, reason: "a lawsuit" });
  const { outcomes } = await as(who).dryRunLifecycle({});
  const shown = outcomes.map(({ file, action, rule, ruleNamespace, reason, held: isHeld }) => [
    file?.fileId,
    action,
    rule,
    ruleNamespace,
    reason,
    isHeld,
  ]);
  const named = 'its name begins with "tmp-"';
  expect(shown).toEqual([
    [old, Action.EXPIRE, "expire-30", "", `uploaded 31 days ago, and the rule says 30 days; ${named}`, false],
    [held, Action.EXPIRE, "expire-30", "", `uploaded 40 days ago, and the rule says 30 days; ${named}`, true],
    [idle, Action.COOL, "cool-7", "", "not read for 8 days, and the rule says 7 days", false],
    [ofLab, Action.EXPIRE, "expire-2", "lab", "uploaded 2 days ago, and the rule says 2 days", false],
  ]);
  const { outcomes: inLab } = await as(only(who, "lab", "viewer")).dryRunLifecycle({});
  expect(inLab).toEqual(outcomes.slice(3));
  expect((await as(who).dryRunLifecycle({ namespace: "lab" })).outcomes).toEqual(inLab);
  expect((await as(who).dryRunLifecycle({})).outcomes).toHaveLength(4);
});

test("OK: in pages, each file once; InvalidArgument: a token of another namespace", async () => {
  const who = await newOrgWith(scene().identity);
  await setRules(scene().storage, who, [expireAfter(1)]);
  const fileIds: string[] = [];
  for (let count = 0; count < 5; count += 1) fileIds.push(await aged(who, `${count}`, 2));
  const found: (string | undefined)[] = [];
  let pageToken = "";
  do {
    const page = await as(who).dryRunLifecycle({ pageSize: 2, pageToken });
    found.push(...page.outcomes.map(({ file }) => file?.fileId));
    if (pageToken === "") {
      const other = as(who).dryRunLifecycle({ namespace: "default", pageToken: page.nextPageToken });
      expect(await failureOf(other)).toMatchObject({ code: "InvalidArgument" });
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  expect(found).toEqual(fileIds);
});

test("NotFound: a namespace that does not exist; PermissionDenied: somebody without a role", async () => {
  const who = await newOrgWith(scene().identity);
  expect(await failureOf(as(who).dryRunLifecycle({ namespace: "never" }))).toEqual(
    missing("namespace", "never"),
  );
  expect(await failureOf(as({ ...who, roles: [] }).dryRunLifecycle({}))).toEqual(
    lacking("storage.lifecycle.read"),
  );
});
