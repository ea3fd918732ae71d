import { access, constants } from "node:fs/promises";
import { type Browser, chromium } from "playwright-core";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Starts the installed Chromium. `CHROMIUM` is its path if it is not in a usual folder. */
export async function startChromium(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? (await firstOf(places));
  if (!executablePath) {
    throw new Error(
      `there is no Chromium at ${places.join(", ")}: install one, as with apt-get install chromium, or set CHROMIUM`,
    );
  }
  return chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-sync",
      "--no-first-run",
    ],
  });
}

async function firstOf(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}
