import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { expect, test } from "vitest";

test.each([
  ["listens", () => createServer().listen(0, "127.0.0.1")],
  ["connects", () => connect(1, "127.0.0.1")],
  ["starts a process", () => spawn(process.execPath, ["--version"])],
])("refused: a pure test that %s", (_, act) => {
  expect(act).toThrow("a pure test may not listen, connect or start a process");
});
