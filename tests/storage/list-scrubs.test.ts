import { expect, test } from "vitest";
import { ScrubService } from "../../gen/sluice/storage/v1/scrubs_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, startStorage } from "./fixtures.ts";
import { eager, scrub, scrubsOf } from "./scrub-fixtures.ts";

const storage = forFile(() => startStorage(eager));

test("OK: ListScrubs returns the scrubs, newest first, and the last hundred are kept", async () => {
  const { sql } = storage().database;
  await sql`
    insert into storage.scrubs (scrub_id, state, scheduled, bytes_per_second, create_time)
    select gen_random_uuid(), 'completed', true, 1, now() - n * interval '1 day' from generate_series(1, 120) as n`;
  const newest = (await scrub(storage())).scrub;
  const { scrubs } = await scrubsOf(storage()).listScrubs({});
  expect(scrubs[0]).toEqual(newest);
  expect(scrubs).toHaveLength(100);
  expect(scrubs.slice(1).every(({ scheduled, creatorUserId }) => scheduled && creatorUserId === "")).toBe(
    true,
  );
  const times = scrubs.map(({ createTime }) => Number(createTime?.seconds));
  expect(times).toEqual(times.toSorted((one, other) => other - one));
  expect(await sql`select count(*)::int as count from storage.scrubs`).toEqual([{ count: 100 }]);
});

test("PermissionDenied: an administrator of an organisation", async () => {
  const call = storage().client(ScrubService, principal()).listScrubs({});
  expect(await failureOf(call)).toEqual(lacking("storage.scrubs.read"));
});
