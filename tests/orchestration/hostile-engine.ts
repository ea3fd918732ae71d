import { Socket } from "node:net";
import { channelDescriptor } from "../../services/orchestration/confinement/layers.ts";

// Stands in the place of the engine's process: whatever it is asked, it sends the bytes that the task's `fileName` gives in
// hexadecimal, and does not end.

const channel = new Socket({ fd: channelDescriptor });
const nothingEnds = setInterval(() => {}, 1_000_000);
channel.once("data", (chunk: Buffer) => {
  const { fileName } = JSON.parse(chunk.toString("utf8", 4));
  channel.write(Buffer.from(fileName, "hex"));
});
channel.once("close", () => clearInterval(nothingEnds));
