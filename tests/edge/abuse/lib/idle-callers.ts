import { once } from "node:events";
import { connect } from "node:net";

// Opens idle connections: a third without any bytes, a third after a response, and a third after HTTP/2's preface.

const [port, wanted] = process.argv.slice(2).map(Number);
const begins = [
  "",
  "GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
  Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]),
];
const atOnce = 200;

let connected = 0;
async function open(index: number): Promise<void> {
  const socket = connect(port ?? 0, "127.0.0.1");
  try {
    await once(socket, "connect");
  } catch {
    return;
  }
  socket.on("error", () => undefined);
  const begin = begins[index % begins.length] ?? "";
  if (begin.length > 0) {
    socket.write(begin);
    await once(socket, "data");
  }
  connected += 1;
}

for (let first = 0; first < (wanted ?? 0); first += atOnce) {
  await Promise.all(Array.from({ length: atOnce }, (_, index) => open(first + index)));
}
process.send?.(connected);
process.on("disconnect", () => process.exit());
