// Loaded before pure tests: none of them may listen, connect or start a process.
import { ChildProcess } from "node:child_process";
import { Server, Socket } from "node:net";

function refuse(): never {
  throw new Error("a pure test may not listen, connect or start a process: see tools/test-run/projects.ts");
}

Server.prototype.listen = refuse;
Socket.prototype.connect = refuse;
Object.assign(ChildProcess.prototype, { spawn: refuse });
