import { randomUUID } from "node:crypto";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { beforeEach, expect, test } from "vitest";
import { hashOf } from "../../services/approval/audit/event-hash.ts";
import type { EventRow } from "../../services/approval/event-repository.ts";
import { zeroHash } from "../../services/lib/audit/event-hash.ts";
import { verifyEvents } from "../../services/lib/audit/verify-events.ts";
import { failureOf, lacking } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { given, published, startRelease, type Team, team } from "./release-fixtures.ts";

const release = forFile(startRelease);

/** Changes rows as an administrator of the database could, without triggers. */
async function tamper(statement: string, orgId: string): Promise<void> {
  await release().database.sql.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql.unsafe(statement, [orgId]);
  });
}

const eventCount = 8;
const whole = { valid: true, eventCount: BigInt(eventCount), firstInvalidSequence: 0n, problem: "" };

test("OK: an organisation that did nothing has a valid chain without events", async () => {
  expect(await team(release()).approver.audit.verifyChain({})).toMatchObject({
    ...whole,
    eventCount: 0n,
    headHash: "0".repeat(64),
  });
});

test("OK: chains of many pages are read to their end", async () => {
  const chain: EventRow[] = [];
  const orgId = randomUUID();
  for (let sequence = 1n; sequence <= 2500n; sequence += 1n) {
    const said = {
      orgId,
      sequence,
      projectId: randomUUID(),
      type: "EVENT_TYPE_UPDATED",
      actorUserId: randomUUID(),
      createTime: new Date(),
      detailsJson: "{}",
      previousHash: chain.at(-1)?.hash ?? zeroHash,
    };
    chain.push({ ...said, hash: hashOf(said) });
  }
  const { hash: headHash = "" } = chain.at(-1) ?? {};
  const verdictOf = (events: EventRow[]) =>
    verifyEvents<EventRow>(
      { sequence: 2500n, headHash },
      async (after, limit) => events.filter(({ sequence }) => sequence > after).slice(0, limit),
      hashOf,
    );
  const { valid: _, ...sound } = whole;
  expect(await verdictOf(chain)).toEqual({ ...sound, eventCount: 2500n, headHash });
  for (const index of [0, 999, 1000, 1999, 2499]) {
    const { firstInvalidSequence } = await verdictOf(chain.toSpliced(index, 1));
    expect(firstInvalidSequence).toBe(BigInt(index + 1));
  }
});

let tampered: Team;
beforeEach(() => {
  tampered = team(release());
});

test.each([
  [
    "its details",
    4,
    `update approval.events set details_json = replace(details_json, '4', '5')`,
    "was changed",
  ],
  ["its type", 6, `update approval.events set type = 'EVENT_TYPE_REJECTED'`, "was changed"],
  ["its type into none", 6, `update approval.events set type = 'EVENT_TYPE_UNSPECIFIED'`, "was changed"],
  ["its actor", 5, `update approval.events set actor_user_id = gen_random_uuid()`, "was changed"],
  ["its time", 1, `update approval.events set create_time = create_time + interval '1 ms'`, "was changed"],
  ["its project", 3, `update approval.events set project_id = gen_random_uuid()`, "was changed"],
  ["its hash", 2, `update approval.events set hash = repeat('0', 64)`, "was changed"],
  ["the hash before", 7, `update approval.events set previous_hash = repeat('0', 64)`, "was changed"],
  ["details that are no JSON", 8, `update approval.events set details_json = '{'`, "was changed"],
  ["it was removed", 1, `delete from approval.events`, "is missing"],
  ["it was removed", 4, `delete from approval.events`, "is missing"],
  ["it was removed", 8, `delete from approval.events`, "is missing"],
])("OK: finds what was done to an event: %s (%i)", async (_what, sequence, statement, problem) => {
  await published(release(), tampered);
  await tamper(`${statement} where org_id = $1 and sequence = ${sequence}`, tampered.orgId);
  const verdict = await tampered.approver.audit.verifyChain({});
  expect(verdict).toMatchObject({
    valid: false,
    eventCount: BigInt(sequence - 1),
    firstInvalidSequence: BigInt(sequence),
    problem: `event ${sequence} ${problem}`,
  });
});

test.each([2, 5, 8])("OK: finds that event %i changed places with the one before", async (sequence) => {
  await published(release(), tampered);
  const moves = [
    [sequence, -1],
    [sequence - 1, sequence],
    [-1, sequence - 1],
  ];
  for (const [from, to] of moves) {
    const statement = `update approval.events set sequence = ${to} where org_id = $1 and sequence = ${from}`;
    await tamper(statement, tampered.orgId);
  }
  const verdict = await tampered.approver.audit.verifyChain({});
  expect(verdict).toMatchObject({ valid: false, firstInvalidSequence: BigInt(sequence - 1) });
});

test("OK: finds that an event was written anew with a hash of its own, by the one that followed it", async () => {
  const { projectId } = await published(release(), tampered);
  const { events } = await tampered.editor.audit.listEvents({ projectId, orderBy: "sequence" });
  const [, , , , event] = events;
  const details = JSON.stringify({ manifestSha256: "f".repeat(64) });
  const hash = hashOf({
    orgId: tampered.orgId,
    sequence: 5n,
    projectId,
    type: "EVENT_TYPE_SUBMITTED",
    actorUserId: event?.actorUserId ?? "",
    createTime: timestampDate(given(event?.createTime)),
    detailsJson: details,
    previousHash: event?.previousHash ?? "",
  });
  await tamper(
    `update approval.events set details_json = '${details}', hash = '${hash}' where org_id = $1 and sequence = 5`,
    tampered.orgId,
  );
  expect(await tampered.approver.audit.verifyChain({})).toMatchObject({
    valid: false,
    firstInvalidSequence: 6n,
    problem: "event 6 does not follow the one before it",
  });
});

test("OK: finds an event that was put at the end, one that another organisation's chain lent, and a lost end", async () => {
  const [lender, none] = [team(release()), team(release())];
  await published(release(), tampered);
  await published(release(), lender);
  await tamper(
    `insert into approval.events select org_id, 9, project_id, type, actor_user_id, create_time, details_json, hash, hash
     from approval.events where org_id = $1 and sequence = 8`,
    tampered.orgId,
  );
  const beyond = {
    valid: false,
    firstInvalidSequence: 9n,
    problem: "event 9 lies beyond the end of the chain",
  };
  expect(await tampered.approver.audit.verifyChain({})).toMatchObject(beyond);
  await tamper(
    `insert into approval.events select '${none.orgId}', sequence, project_id, type, actor_user_id, create_time,
       details_json, previous_hash, hash from approval.events where org_id = $1`,
    lender.orgId,
  );
  const lent = {
    valid: false,
    firstInvalidSequence: 1n,
    problem: "event 1 lies beyond the end of the chain",
  };
  expect(await none.approver.audit.verifyChain({})).toMatchObject(lent);
  await tamper(`update approval.chains set head_hash = repeat('1', 64) where org_id = $1`, lender.orgId);
  const another = { valid: false, firstInvalidSequence: 8n, problem: expect.stringContaining("not the one") };
  expect(await lender.approver.audit.verifyChain({})).toMatchObject(another);
});

test("OK: finds that another organisation's whole chain was put in the place of its own", async () => {
  const lender = team(release());
  await published(release(), lender);
  await published(release(), tampered);
  const { orgId } = tampered;
  await tamper("delete from approval.events where org_id = $1", orgId);
  await tamper("delete from approval.chains where org_id = $1", orgId);
  await tamper(
    `insert into approval.events select '${orgId}', sequence, project_id, type, actor_user_id, create_time,
       details_json, previous_hash, hash from approval.events where org_id = $1`,
    lender.orgId,
  );
  await tamper(
    `insert into approval.chains select '${orgId}', sequence, head_hash from approval.chains where org_id = $1`,
    lender.orgId,
  );
  expect(await tampered.approver.audit.verifyChain({})).toMatchObject({
    valid: false,
    eventCount: 0n,
    firstInvalidSequence: 1n,
    problem: "event 1 was changed",
  });
});

test("OK: what one organisation does, or is done to it, is nothing to another's chain", async () => {
  const other = team(release());
  await published(release(), tampered);
  await published(release(), other);
  await tamper("delete from approval.events where org_id = $1 and sequence = 2", tampered.orgId);
  expect(await other.approver.audit.verifyChain({})).toMatchObject(whole);
});

test("the database refuses to change, remove or reorder events, and to shorten a chain", async () => {
  await published(release(), tampered);
  for (const statement of [
    "update approval.events set details_json = '{}'",
    "delete from approval.events",
    "truncate approval.events",
    "update approval.chains set sequence = 1",
    "update approval.chains set sequence = sequence + 2",
    "delete from approval.chains",
    "truncate approval.chains",
  ]) {
    await expect(release().database.sql.unsafe(statement)).rejects.toThrow(/append-only|only grow/);
  }
  expect(await tampered.approver.audit.verifyChain({})).toMatchObject(whole);
});

test("PermissionDenied: an editor does not verify the chain", async () => {
  expect(await failureOf(team(release()).editor.audit.verifyChain({}))).toEqual(lacking("audit.read"));
});
