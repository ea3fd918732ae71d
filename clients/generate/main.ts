import { relative } from "node:path";
import { go } from "./go.ts";
import { java } from "./java.ts";
import { python } from "./python.ts";

// Generates stubs of the public contracts for each language whose toolchain is installed.

for (const { name, folder, missing, generate } of [python, go, java]) {
  const reason = missing();
  if (reason) console.log(`skipped ${name}: ${reason}`);
  else {
    generate();
    console.log(`wrote ${name} to ${relative("", folder)}`);
  }
}
