// The suites that need other programs or more time: they skip, saying so, where a program is missing.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/{outside,kind,crash}/**/*.test.ts'],
    exclude: ['test/crash/kill.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 300_000,
    teardownTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
  },
});
