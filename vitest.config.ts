import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    setupFiles: ['test/property-seed.ts'],
    include: ['{platform,bootstrap,tui,scenarios}/**/*.test.{ts,tsx}', 'test/e2e/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'templates/**', 'dist/**'],
    testTimeout: 150_000,
    hookTimeout: 150_000,
    teardownTimeout: 30_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
