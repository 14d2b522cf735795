import { afterEach, vi } from 'vitest';

afterEach(() => {
  vi.useRealTimers();
  // Tests without a page have none.
  globalThis.localStorage?.clear();
});
