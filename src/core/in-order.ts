/**
 * Runs `run` over the inputs, `width` of them at once, and yields the results in the inputs' order. Inputs are taken
 * only when their turn comes, so at most `width` results are in memory. When the reader stops, or a run fails, the
 * runs that are under way are aborted and waited for.
 */
export async function* inOrder<I, O>(
  inputs: Iterable<I>,
  width: number,
  run: (input: I, signal: AbortSignal) => Promise<O>,
  signal?: AbortSignal,
): AsyncGenerator<O, void, undefined> {
  const stop = new AbortController();
  const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const iterator = inputs[Symbol.iterator]();
  const running: Promise<O>[] = [];
  const fill = () => {
    while (running.length < width) {
      const { done, value } = iterator.next();
      if (done) return;
      const result = run(value, either);
      result.catch(() => {}); // it is looked at in its turn
      running.push(result);
    }
  };
  try {
    for (fill(); running[0]; fill()) {
      const result = await running[0];
      running.shift();
      fill();
      yield result;
    }
  } finally {
    stop.abort();
    await Promise.allSettled(running);
  }
}
