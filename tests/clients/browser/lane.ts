import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { chromium } from "playwright-core";
import { rolldown } from "rolldown";
import type { Kit, Lane } from "../lane.ts";

const browsers = ["chromium", "chromium-browser", "google-chrome"];

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-sync",
  "--no-first-run",
];

function findBrowser(): string | undefined {
  const search = browsers.map((name) => `command -v ${name}`).join(" || ");
  return spawnSync("sh", ["-c", search], { encoding: "utf8" }).stdout.trim() || undefined;
}

const kit: Kit = {
  missing: () => (findBrowser() ? undefined : `none of ${browsers.join(", ")} is on the path`),
  prepare() {},
};

/** The script of the page, as one bundle. */
async function bundlePage(): Promise<string> {
  await using bundle = await rolldown({ input: join(import.meta.dirname, "page.ts"), platform: "browser" });
  const { output } = await bundle.generate({ format: "iife", name: "journey" });
  return output[0].code;
}

/** A page in a headless browser, which calls its own origin. */
export function browserLane(name: string, protocol: "Connect" | "gRPC-Web"): Lane {
  return {
    name,
    kit,
    async run(journey, report) {
      await using browser = await chromium.launch({ executablePath: findBrowser() ?? "", args: flags });
      const page = await browser.newPage();
      // The page has the origin of the edge, like pages of an operator. All other requests go to the edge.
      const address = `${journey.url}/journey.html`;
      await page.route(address, (route) =>
        route.fulfill({ contentType: "text/html", body: "<!doctype html><title>Journey</title>" }),
      );
      await page.goto(address);
      await page.exposeFunction("report", report);
      await page.addScriptTag({ content: await bundlePage() });
      const content = readFileSync(journey.file, "utf8");
      const file = { name: basename(journey.file), content };
      await page.evaluate(`journey.run(${JSON.stringify({ ...journey, file, protocol })})`);
    },
  };
}
