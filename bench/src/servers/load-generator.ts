import { type Answered, type Load, type RunningLoad, startLoad } from '../load.js';
import { serve } from './calls.js';

/** Load that goes on beside a measurement, in a process of its own so that it does not delay the measuring. */
let running: RunningLoad | undefined;

function start(load: Load): void {
  running = startLoad(load);
}

async function stop(): Promise<Answered | undefined> {
  running?.stop();
  return running?.done;
}

serve('', { start, stop });
