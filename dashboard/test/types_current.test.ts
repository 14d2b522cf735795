// @vitest-environment node
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { generate, kSchemaFile, kTypesFile } from '../scripts/generate_types.mjs';

test('the committed types and the bundled schema are what the contract generates', async () => {
  const { types, schema } = await generate();
  expect(await readFile(kTypesFile, 'utf8'), 'run `npm run types`').toBe(types);
  expect(await readFile(kSchemaFile, 'utf8'), 'run `npm run types`').toBe(schema);
});
