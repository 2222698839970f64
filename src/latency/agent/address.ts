import { isIP } from 'node:net';
import { expected } from '../../core/errors.js';

/** `host:port`; IPv6 in brackets. */
export interface Address {
  host: string;
  port: number;
}

/** @throws SinglePathError `INVALID_ARGUMENT` naming the option. */
export function parseAddress(text: string, option: string): Address {
  const [, bracketed, name, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? name;
  const port = Number(digits);
  if (host === undefined || port > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6)) {
    throw expected('host:port', option, text, { hint: 'for example 127.0.0.1:7757 or [::1]:7757' });
  }
  return { host, port };
}

export function formatAddress({ host, port }: Address): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only this machine can reach it. */
export function isLoopback({ host }: Address): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
