import { spawn } from "node:child_process";

/**
 * Opens an address in the browser, and does not wait for it. A machine without a browser just has none: the address is printed
 * as well.
 */
export function openBrowser(url: string, program: string | undefined): void {
  if (program === undefined) return;
  const child = spawn(program, [url], { detached: true, stdio: "ignore" });
  child.on("error", () => {});
  child.unref();
}
