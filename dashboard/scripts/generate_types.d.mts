export const kTypesFile: string;
export const kSchemaFile: string;
export function generate(): Promise<{ types: string; schema: string }>;
