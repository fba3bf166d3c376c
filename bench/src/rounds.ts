/** Measures each of these once a round, in turn. @returns what each gave, round by round */
export async function inTurn<Name extends string, T = number>(
  rounds: number,
  measurements: Readonly<Record<Name, () => Promise<T>>>,
): Promise<Record<Name, T[]>> {
  const names = Object.keys(measurements) as Name[];
  const measured = Object.fromEntries(names.map((name) => [name, [] as T[]])) as Record<Name, T[]>;
  for (let round = 0; round < rounds; round += 1) {
    // Another one begins each time, so that nobody always has the same one before it.
    const order = [...names.slice(round % names.length), ...names.slice(0, round % names.length)];
    for (const name of order) measured[name].push(await measurements[name]());
  }
  return measured;
}
