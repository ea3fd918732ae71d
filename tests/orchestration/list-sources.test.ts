import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { createSource, failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

const fileSettings = () => ({ fileId: randomUUID() });

describe("ListSources", () => {
  test("OK: pages through the organisation's own, newest first", async () => {
    const user = mesh().user();
    const ids = [];
    for (let count = 0; count < 5; count += 1) ids.push(await createSource(user, "file", fileSettings()));
    await createSource(mesh().user(), "file", fileSettings());
    const seen: string[] = [];
    let pageToken = "";
    do {
      const page = await user.sources.listSources({ pageSize: 2, pageToken });
      expect(page.sources.length).toBeLessThanOrEqual(2);
      seen.push(...page.sources.map(({ sourceId }) => sourceId));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(seen).toEqual(ids.toReversed());
  });

  test("OK: only one connector's", async () => {
    const user = mesh().user();
    const sourceId = await createSource(user, "file", fileSettings());
    expect((await user.sources.listSources({ connector: "file" })).sources).toMatchObject([{ sourceId }]);
    expect((await user.sources.listSources({ connector: "postgresql" })).sources).toEqual([]);
  });

  test("InvalidArgument: page size, page token, the token of another question", async () => {
    const user = mesh().user();
    for (let count = 0; count < 2; count += 1) await createSource(user, "file", fileSettings());
    const { nextPageToken } = await user.sources.listSources({ pageSize: 1 });
    for (const [request, field, reason] of [
      [{ pageSize: 1001 }, ["page_size"], undefined],
      [{ pageToken: "nonsense" }, [], "PAGE_TOKEN_INVALID"],
      [{ pageToken: nextPageToken, connector: "file" }, [], "PAGE_TOKEN_INVALID"],
    ] as const) {
      expect(await failureOf(user.sources.listSources(request))).toMatchObject({
        code: Code.InvalidArgument,
        fields: field,
        reason,
      });
    }
  });
});
