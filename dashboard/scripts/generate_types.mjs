// Writes src/stream/types.ts and src/stream/schema.json from schema/stream.schema.json, the one
// contract. Both are committed, so that the page builds without the rest of the repository; a test
// runs `generate()` and compares.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { compile } from 'json-schema-to-typescript';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const kSource = here('../../schema/stream.schema.json');
export const kTypesFile = here('../src/stream/types.ts');
export const kSchemaFile = here('../src/stream/schema.json');

/** What only people read stays out of the bundle. */
function withoutProse(value) {
  if (Array.isArray(value)) return value.map(withoutProse);
  if (value === null || typeof value !== 'object') return value;
  const prose = new Set(['$schema', '$id', 'title', 'description']);
  const kept = Object.entries(value).filter(
    ([key, part]) => !(prose.has(key) && typeof part === 'string'),
  );
  return Object.fromEntries(kept.map(([key, part]) => [key, withoutProse(part)]));
}

/** The envelope's members are repeated in each frame; `allOf` would only blur the types. */
function withoutEnvelope(schema) {
  const copy = structuredClone(schema);
  for (const definition of Object.values(copy.$defs)) delete definition.allOf;
  delete copy.$defs.Envelope;
  return copy;
}

export async function generate() {
  const schema = JSON.parse(await readFile(kSource, 'utf8'));
  const types = await compile(withoutEnvelope(schema), 'Frame', {
    additionalProperties: false,
    bannerComment: '// Generated from schema/stream.schema.json by `npm run types`. Do not edit.',
    style: { singleQuote: true, printWidth: 100 },
  });
  return { types, schema: `${JSON.stringify(withoutProse(withoutEnvelope(schema)), null, 1)}\n` };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { types, schema } = await generate();
  await writeFile(kTypesFile, types);
  await writeFile(kSchemaFile, schema);
}
