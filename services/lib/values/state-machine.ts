/** The states of something, and where it may go from each. */
type StateMachine<State extends string> = {
  readonly transitions: Readonly<Record<State, readonly State[]>>;
  readonly states: [State, ...State[]];
  /** The states that it ends in. */
  readonly endStates: State[];
  /** The states from which it may go to this one. */
  statesBefore(state: State): State[];
};

/** Reads the states from the transitions, in their order. */
export function stateMachine<State extends string>(
  transitions: Readonly<Record<State, readonly NoInfer<State>[]>>,
): StateMachine<State> {
  const states = Object.keys(transitions) as [State, ...State[]];
  return {
    transitions,
    states,
    endStates: states.filter((state) => transitions[state].length === 0),
    statesBefore: (state) => states.filter((from) => transitions[from].includes(state)),
  };
}
