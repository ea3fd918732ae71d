import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { runScript, startMesh } from "./mesh-process.ts";

const readme = await readFile("README.md", "utf8");
const blocks = [...readme.matchAll(/```sh journey\n([\s\S]*?)```/g)].map(([, block]) => block ?? "");

describe.each(["one process", "separate processes"] as const)("in %s", (mode) => {
  test("OK: the README's journey over REST, Connect and gRPC", { timeout: 180_000 }, async () => {
    await using mesh = await startMesh(mode, "a long first password");
    const script = blocks.join("\n").replaceAll("http://127.0.0.1:8080", mesh.url);

    const { code, output } = await runScript(script);

    expect(output).toContain('"roles":["admin","platform-admin"]');
    expect(output).toContain('"email":"grace@example.org","displayName":"Grace","roles":["approver"]');
    expect(output).toContain('"name":"lab","displayName":"The lab"');
    expect(output).toContain("date,precipitation,temp_max,temp_min,wind,weather\n2012");
    expect(output).toContain('"rowCount":"1461"');
    expect(output).toContain(
      '"rows":[["rain","641",35.6],["sun","640",35],["fog","101",30.6]],"truncated":true',
    );
    expect(output).toContain('200 [["1461"]]');
    expect(output).toContain('"dataType": "DATE"');
    expect(output).toContain('"connected":false');
    expect(code).toBe(0);
  });
});
