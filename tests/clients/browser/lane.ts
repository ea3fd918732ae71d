import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { buildSync } from "esbuild";
import { chromium } from "playwright-core";
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

/** What runs in the page, as one script. */
function bundlePage(): string {
  const { outputFiles } = buildSync({
    entryPoints: [join(import.meta.dirname, "page.ts")],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "journey",
  });
  return outputFiles[0]?.text ?? "";
}

/** A page in a browser without a window, which calls its own origin. */
export function browserLane(name: string, protocol: "Connect" | "gRPC-Web"): Lane {
  return {
    name,
    kit,
    async travel(journey, tell) {
      await using browser = await chromium.launch({ executablePath: findBrowser() ?? "", args: flags });
      const page = await browser.newPage();
      // The page stands where an operator's own pages would, on the edge's origin; all else goes to the edge.
      const address = `${journey.url}/journey.html`;
      await page.route(address, (route) =>
        route.fulfill({ contentType: "text/html", body: "<!doctype html><title>Journey</title>" }),
      );
      await page.goto(address);
      await page.exposeFunction("tell", tell);
      await page.addScriptTag({ content: bundlePage() });
      const content = readFileSync(journey.file, "utf8");
      const file = { name: basename(journey.file), content };
      await page.evaluate(`journey.travel(${JSON.stringify({ ...journey, file, protocol })})`);
    },
  };
}
