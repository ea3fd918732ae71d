import { readFile } from "node:fs/promises";
import { upgradeLayout } from "../../services/storage/objects/disk/upgrade-layout.ts";

/** Upgrades the folder of the first argument. The second one is a file with the keys that the database has, as JSON. */
const [directory = "", keysFile = ""] = process.argv.slice(2);
const keys = JSON.parse(await readFile(keysFile, "utf8"));

await upgradeLayout(directory, async function* listStored() {
  yield keys;
});
