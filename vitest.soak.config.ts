// What takes minutes and a machine of its own: rounds of kills under load.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/crash/kill.test.ts'],
    testTimeout: 600_000,
    hookTimeout: 300_000,
    teardownTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 1,
  },
});
