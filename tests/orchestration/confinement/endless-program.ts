import { Socket } from "node:net";

// Never ends by itself, whatever becomes of its parent: it has no reader of the channel that could notice.

new Socket({ fd: 3 }).write("{}");
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGPIPE"] as const) process.on(signal, () => {});
setInterval(() => {}, 1000);
