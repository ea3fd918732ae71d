/** The turn is over: the job was paused, cancelled or removed, or another worker has it. */
export class AttemptOver extends Error {
  override name = "AttemptOver";
}
