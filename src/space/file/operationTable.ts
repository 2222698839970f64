import { operationSchemas, PLAIN_OPERATIONS } from './schema.js';

/** The parts of a JSON Schema the table shows. */
interface Schema {
  description?: string;
  type?: string;
  enum?: string[];
  properties?: Record<string, Schema>;
  required?: string[];
}

/** The operations of space files with their settings and defaults, as a Markdown table: that of docs/spaces.md. */
export function operationTable(): string {
  const rows = Object.entries(operationSchemas() as Record<string, Schema>).map(
    ([name, schema]) => `| \`${name}\` | ${settingsOf(schema)} | ${textOf(schema.description ?? '')} |`,
  );
  const withSettings = new Set(Object.keys(operationSchemas()));
  const bare = PLAIN_OPERATIONS.filter((name) => !withSettings.has(name));
  const both = PLAIN_OPERATIONS.filter((name) => withSettings.has(name));
  return [
    '| operation | settings (default) | what |',
    '|---|---|---|',
    `| ${quoted(bare)} | none | written as a word, as may be ${quoted(both)} |`,
    ...rows,
  ].join('\n');
}

function settingsOf({ properties, required = [], type, enum: words }: Schema): string {
  if (properties === undefined) {
    if (words !== undefined) return quoted(words);
    return type === 'array' ? 'lists of operations' : 'a number';
  }
  return Object.entries(properties)
    .map(([name, { description = '' }]) => {
      if (required.includes(name)) return `\`${name}\``;
      return `\`${name}\` (${textOf(description.replace(/^Default /, ''))})`;
    })
    .join(', ');
}

const quoted = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(', ');

const textOf = (description: string): string => description.replaceAll('|', '\\|');
