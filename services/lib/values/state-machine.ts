/** States as derived from their allowed transitions. */
type StateMachine<State extends string> = {
  readonly states: [State, ...State[]];
  /** States without transitions. */
  readonly endStates: State[];
  /** States with a transition to this one. */
  statesBefore(state: State): State[];
};

/** Derives the states, in the order of the transitions. */
export function stateMachine<State extends string>(
  transitions: Readonly<Record<State, readonly NoInfer<State>[]>>,
): StateMachine<State> {
  const states = Object.keys(transitions) as [State, ...State[]];
  return {
    states,
    endStates: states.filter((state) => transitions[state].length === 0),
    statesBefore: (state) => states.filter((from) => transitions[from].includes(state)),
  };
}
