import { expect, test } from "vitest";
import { NamespaceContentState as State } from "../../gen/sluice/common/v1/namespaces_pb.ts";
import { NamespaceContentService } from "../../gen/sluice/storage/v1/namespaces_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { failureOf, generated, mib, upload, usage, usageOf } from "./fixtures.ts";
import { newOrgWith, startStorageWithIdentity } from "./namespaces.ts";

const scene = forFile(startStorageWithIdentity);

const uploadsMax = 50;
const rounds = 2;

test("OK: uploads of one content while their namespace is deleted end or find no namespace, and nothing deadlocks", async () => {
  const { identity, storage } = scene();
  const who = await newOrgWith(identity, "lab");
  const namespaces = storage.client(NamespaceContentService, undefined, "identity");
  const set = async (state: State) =>
    (await namespaces.setNamespaceState({ orgId: who.orgId, namespace: "lab", state })).counts;
  // The last one is too large to be stored together with others.
  const contents = [Buffer.from("small"), generated(2 * mib, 3)];
  // The same content elsewhere: its blobs are locked by both.
  for (const content of contents) await upload(storage, who, { content });
  const outcomeOf = async (content: Buffer) => {
    const call = upload(storage, who, { content, namespace: "lab" });
    return call.then(
      () => "stored",
      async () => (await failureOf(call)).code,
    );
  };
  const outcomes = new Set<string>();
  for (let round = 0; round < rounds; round += 1) {
    const before = await Promise.all(contents.map(outcomeOf));
    const uploads = Array.from({ length: uploadsMax }, (_, index) =>
      outcomeOf(contents[index % contents.length] ?? Buffer.alloc(0)),
    );
    const cleared = Promise.all([set(State.CLEARED), set(State.CLEARED)]);
    for (const outcome of [...before, ...(await Promise.all(uploads))]) outcomes.add(outcome);
    await cleared;
    await expect.poll(() => set(State.CLEARED), { timeout: 60_000 }).toEqual({});
    await set(State.OPEN);
  }
  expect([...outcomes].sort()).toEqual(expect.arrayContaining(["stored"]));
  expect([...outcomes].filter((outcome) => outcome !== "stored" && outcome !== "NotFound")).toEqual([]);
  expect(await usageOf(storage, who)).toEqual(usage(5 + 2 * mib, 2));
});
