import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Logger, pino } from 'pino';
import { writeLine } from './terminal.js';

export type { Logger } from 'pino';

export interface LogOptions {
  level: 'debug' | 'info' | 'warn' | 'error';
  /** One JSON object a line, for machines; else one line of text. */
  json: boolean;
  /** Everything goes to this file, and only warnings to stderr. */
  file?: string | undefined;
}

const LEVELS: Record<number, string> = { 20: 'debug', 30: 'info', 40: 'warning', 50: 'error' };

const WARNING = 40;

/** Logs to stderr; stdout is for data. */
export function createLogger({ level, json, file }: LogOptions): Logger {
  const base = { level, base: null };
  if (file !== undefined) mkdirSync(dirname(file), { recursive: true });
  const write = (record: string): void => {
    const line = json ? record.trimEnd() : formatLine(record);
    if (file !== undefined) appendFileSync(file, `${line}\n`);
    if (file === undefined || (JSON.parse(record) as { level: number }).level >= WARNING) writeLine(line);
  };
  return pino(base, { write });
}

/** `12:03:04 warning: message key=value` */
function formatLine(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  const name = LEVELS[Number(level)] ?? String(level);
  const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${plain(value)}`);
  return `${clock} ${name === 'info' ? '' : `${name}: `}${String(msg ?? '')}${rest.join('')}`;
}

function plain(value: unknown): string {
  if (typeof value === 'number' && !Number.isInteger(value)) return String(Number(value.toPrecision(4)));
  return typeof value === 'string' ? value : JSON.stringify(value);
}
