// From the command to a platform that works: from nothing, and on kept state.
import type { UpTimes } from '../bench-platform.ts';
import type { Figure, Measure } from '../measure.ts';

function figures(name: string, times: UpTimes[], cluster: string): Figure[] {
  return [
    { name: `${name} → ready`, unit: 'ms', samples: times.map(one => one.readyMs), cluster },
    { name: `${name} → settled`, unit: 'ms', samples: times.map(one => one.settledMs), cluster },
  ];
}

export const upCold: Measure = {
  name: 'up-cold',
  summary: '`daruma up` on an empty home, until it is ready and until every application is healthy',
  async run(platform, { quick }) {
    const times: UpTimes[] = [];
    for (let n = 0; n < (quick ? 1 : 3); n++) {
      await platform.down('--purge');
      times.push(await platform.up());
    }
    return figures('up cold', times, (await platform.status()).provider);
  },
};

export const upKept: Measure = {
  name: 'up-kept',
  summary: '`daruma up` on the state of before',
  async run(platform, { quick }) {
    await platform.status();
    const times: UpTimes[] = [];
    for (let n = 0; n < (quick ? 1 : 3); n++) {
      await platform.down();
      times.push(await platform.up());
    }
    return figures('up kept', times, (await platform.status()).provider);
  },
};
