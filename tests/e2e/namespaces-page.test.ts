import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { runScript, startMesh } from "./mesh-process.ts";

const page = await readFile("docs/api.md", "utf8");
const blocks = [...page.matchAll(/```sh (?:namespaces|models)\n([\s\S]*?)```/g)].map(
  ([, block]) => block ?? "",
);

/** Output of the page's commands, in this order. */
const seen = [
  '"name":"weather","displayName":"Weather"',
  '"namespaces":[{"name":"weather"',
  '"displayName":"Seattle","connector":"file"',
  '"namespace":"weather"',
  // The grant, both grants of the namespace, and what the user sees.
  '"role":"editor","namespace":"weather"',
  '"role":"viewer","namespace":"weather"',
  '{"sources":[{"sourceId":',
  '"allowed":true,"permission":"sources.write"',
  '"allowed":false,"permission":"sources.write"',
  // The moved source is not hers.
  '"namespace":"default"',
  '"reason":"RESOURCE_NOT_FOUND"',
  '{"preferences":{"format":"parquet","region":"north"}}',
  '"reason":"NAMESPACE_NOT_EMPTY","domain":"sluice","metadata":{"namespace":"weather","files":"1"}',
  '"state":"STATE_DELETING"',
  // The model.
  '"state":"MODEL_VERSION_STATE_PENDING","stateMessage":"files are missing: model.bin"',
  '"state":"MODEL_VERSION_STATE_READY"',
  '{"alias":{"alias":"champion","version":1',
  '"aliases":["champion"]',
  "weights",
  '"kind":"MODEL_EVENT_KIND_ALIAS_SET","version":1,"alias":"champion"',
];

test("OK: the page's commands about namespaces, grants and access, and models", {
  timeout: 120_000,
}, async () => {
  await using mesh = await startMesh("one process", "a long first password");
  await using folder = await temporaryFolder();
  const script = blocks
    .join("\n")
    .replaceAll("http://127.0.0.1:8080", mesh.url)
    .replaceAll("grace.json", `${folder.path}/grace.json`)
    .replaceAll("> model.bin", `> ${folder.path}/model.bin`)
    .replaceAll("< model.bin", `< ${folder.path}/model.bin`)
    .replaceAll("@model.bin", `@${folder.path}/model.bin`);
  const { code, output } = await runScript(script);
  let at = 0;
  const found = seen.filter((pattern) => {
    const next = output.indexOf(pattern, at);
    if (next >= 0) at = next + pattern.length;
    return next >= 0;
  });
  expect(found, output).toEqual(seen);
  expect(code).toBe(0);
});
