import { Socket } from "node:net";

// Never ends by itself. It does not read the channel, so it does not notice the end of its parent.

new Socket({ fd: 3 }).write("{}");
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGPIPE"] as const) process.on(signal, () => {});
setInterval(() => {}, 1000);
