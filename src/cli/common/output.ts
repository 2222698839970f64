import { type Column, formatTable } from '../../report/table.js';
import { writeData } from './streams.js';

/** The one JSON document of `--json` on stdout. */
export function printJson(value: unknown): void {
  writeData(`${JSON.stringify(value, null, 2)}\n`);
}

/** Data for people on stdout. */
export function printText(text: string): void {
  writeData(`${text}\n`);
}

export function printTable(columns: readonly Column[], rows: readonly (readonly string[])[]): void {
  printText(formatTable(columns, rows));
}
