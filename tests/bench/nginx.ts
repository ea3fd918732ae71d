import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { freePort } from "../lib/free-port.ts";

/** Why nginx is not available; undefined if it is. */
export const nginxMissing = (): string | undefined =>
  spawnSync("nginx", ["-v"]).status === 0 ? undefined : "nginx is not installed";

/** Starts nginx on a folder with settings tuned for static files. */
export async function startNginx(folder: string): Promise<AsyncDisposable & { url: string; pids: number[] }> {
  const port = await freePort();
  const config = join(folder, "nginx.conf");
  await writeFile(
    config,
    `daemon off; ${process.geteuid?.() === 0 ? "user root;" : ""} worker_processes auto; pid ${folder}/nginx.pid; error_log stderr crit;
     events { worker_connections 256; }
     http {
       access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
       open_file_cache max=100 inactive=60s;
       server { listen 127.0.0.1:${port}; root ${folder}; }
     }`,
  );
  const child = spawn("nginx", ["-c", config, "-p", folder], { stdio: ["ignore", "ignore", "inherit"] });
  const ended = once(child, "close");
  await untilListening(port);
  return {
    url: `http://127.0.0.1:${port}`,
    pids: child.pid === undefined ? [] : [child.pid],
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

async function untilListening(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("nginx does not listen");
}
