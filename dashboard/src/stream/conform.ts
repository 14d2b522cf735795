/** The part of JSON Schema that schema/stream.schema.json uses. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  minimum?: number;
  minLength?: number;
  oneOf?: Schema[];
  $defs?: Record<string, Schema>;
}

/**
 * Checks values against definitions of the contract. Interpreted, because validators that compile
 * a schema need `eval`, which the content security policy forbids.
 */
export class Conformance {
  readonly #definitions: Record<string, Schema>;

  constructor(root: Schema) {
    this.#definitions = root.$defs ?? {};
  }

  /** What is wrong with `value` as a `name`, in words; null when nothing is. */
  complaint(name: string, value: unknown): string | null {
    return this.#check(this.#definition(name), value, name);
  }

  /** The same for one member of a `name`, such as a patched top-level field. */
  memberComplaint(name: string, member: string, value: unknown): string | null {
    const schema = this.#definition(name).properties?.[member];
    return schema ? this.#check(schema, value, `${name}/${member}`) : null;
  }

  #definition(name: string): Schema {
    const schema = this.#definitions[name];
    if (!schema) throw new Error(`the contract has no definition ${name}`);
    return schema;
  }

  #check(schema: Schema, value: unknown, path: string): string | null {
    if (schema.$ref)
      return this.#check(this.#definition(schema.$ref.replace('#/$defs/', '')), value, path);
    if ('const' in schema && value !== schema.const)
      return `${path} must be ${JSON.stringify(schema.const)}`;
    if (schema.enum && !schema.enum.includes(value))
      return `${path} must be one of ${schema.enum.join(', ')}`;
    if (schema.type && !hasType(value, schema.type))
      return `${path} must be ${[schema.type].flat().join(' or ')}`;
    if (typeof value === 'number' && schema.minimum !== undefined && value < schema.minimum) {
      return `${path} must be at least ${schema.minimum}`;
    }
    if (
      typeof value === 'string' &&
      schema.minLength !== undefined &&
      value.length < schema.minLength
    ) {
      return `${path} must not be empty`;
    }
    if (Array.isArray(value)) return this.#checkItems(schema, value, path);
    return isObject(value) ? this.#checkMembers(schema, value, path) : null;
  }

  #checkItems(schema: Schema, values: unknown[], path: string): string | null {
    if (!schema.items) return null;
    for (const [index, value] of values.entries()) {
      const complaint = this.#check(schema.items, value, `${path}/${index}`);
      if (complaint) return complaint;
    }
    return null;
  }

  #checkMembers(schema: Schema, value: Record<string, unknown>, path: string): string | null {
    const missing = schema.required?.find((name) => !Object.hasOwn(value, name));
    if (missing !== undefined) return `${path}/${missing} is missing`;
    for (const [name, part] of Object.entries(value)) {
      // Members that the contract does not know are for newer readers.
      const known = schema.properties?.[name] ?? asSchema(schema.additionalProperties);
      const complaint = known ? this.#check(known, part, `${path}/${name}`) : null;
      if (complaint) return complaint;
    }
    return null;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asSchema(value: Schema | boolean | undefined): Schema | undefined {
  return typeof value === 'object' ? value : undefined;
}

function hasType(value: unknown, type: string | string[]): boolean {
  if (Array.isArray(type)) return type.some((one) => hasType(value, one));
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    case 'integer':
      return Number.isSafeInteger(value);
    case 'number':
      return typeof value === 'number' && Number.isFinite(value);
    default:
      return typeof value === type;
  }
}
