// How long the program takes to say what it can do: start-up without a platform.
import type { Measure } from '../measure.ts';

export const help: Measure = {
  name: 'help',
  summary: '`daruma --help`',
  async run(platform, { quick }) {
    const samples: number[] = [];
    for (let n = 0; n < (quick ? 5 : 15); n++) {
      const from = performance.now();
      await platform.daruma('--help');
      samples.push(performance.now() - from);
    }
    return [{ name: 'help', unit: 'ms', samples, cluster: 'none' }];
  },
};
