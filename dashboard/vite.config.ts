import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';

// Where `npm run dev` finds the programs; the fake backend (test/fake_backend) serves both.
const exporter = process.env['FAULTLINE_DEV_EXPORTER'] ?? 'http://127.0.0.1:8095';
const chaosd = process.env['FAULTLINE_DEV_CHAOSD'] ?? 'http://127.0.0.1:8096';

export default defineConfig({
  plugins: [svelte(), svelteTesting()],
  build: {
    target: 'es2022',
    // The first versions with light-dark(); anything older would need each colour twice.
    cssTarget: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    // The content security policy allows no inline anything, so nothing may become a data: URL.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      '/ws': { target: exporter, ws: true },
      '/api/chaos': { target: chaosd },
      '/api/v1': { target: exporter },
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    restoreMocks: true,
  },
});
