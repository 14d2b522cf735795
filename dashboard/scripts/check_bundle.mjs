// The budget of the page: what index.html loads at once, gzip -9. Fails the build when it is over.
import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const kBudget = { js: 90 * 1024, css: 15 * 1024 };

const dist = new URL('../dist/', import.meta.url);
const html = await readFile(new URL('index.html', dist), 'utf8');
const problems = [];
const sizes = { js: 0, css: 0 };
for (const [, path] of html.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g)) {
  const kind = path.endsWith('.js') ? 'js' : 'css';
  sizes[kind] += gzipSync(await readFile(new URL(path, dist)), { level: 9 }).length;
}
for (const [kind, budget] of Object.entries(kBudget)) {
  console.log(`${kind}: ${(sizes[kind] / 1024).toFixed(1)} KB gzip of ${budget / 1024} KB`);
  if (sizes[kind] > budget) problems.push(`${kind} is over its budget`);
}
if (sizes.js === 0 || sizes.css === 0)
  problems.push('index.html loads no script or no style sheet');
// The content security policy refuses these, so a page that has them is a page that is broken.
if (/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/.test(html))
  problems.push('index.html has inline code or style');
if ((await readdir(new URL('assets/', dist))).some((name) => name.endsWith('.map')))
  problems.push('source maps in dist');
for (const problem of problems) console.error(`${fileURLToPath(dist)}: ${problem}`);
process.exit(problems.length > 0 ? 1 : 0);
