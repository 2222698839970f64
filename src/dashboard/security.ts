import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Who may ask. */
export interface Access {
  port: number;
  /** Needed by everyone where other machines can reach the server; absent on the loopback. */
  token?: string | undefined;
}

export interface Asked {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
}

/** Why a request is refused. */
export interface Refusal {
  status: 403 | 404 | 405;
  text: string;
}

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];
const COOKIE = 'singlepath-token';

/**
 * Whether a request comes from the page itself. Being on the loopback is not enough: any web page that the user visits can send
 * requests there, and with a name of its own that it points to 127.0.0.1 (DNS rebinding) it could read the answers too. So the
 * Host header has to be ours, and requests from other sites are refused.
 */
export function refusalOf({ method, url, headers }: Asked, { port, token }: Access): Refusal | undefined {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, text: 'only GET and HEAD' };
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return { status: 403, text: 'not from another site' };
  }
  if (token === undefined) {
    const allowed = LOOPBACK.map((name) => `${name}:${port}`);
    if (!allowed.includes(headers.host ?? '')) return { status: 403, text: 'unknown Host' };
  } else if (!hasToken({ url, headers }, token)) {
    return { status: 403, text: 'the address printed by singlepath dashboard has a token: open that one' };
  }
  if (!url.startsWith('/') || url.startsWith('//') || url.includes('\\') || url.length > 4000) {
    return { status: 404, text: 'not found' };
  }
  return undefined;
}

/** A token that cannot be guessed. */
export function newToken(): string {
  return randomBytes(24).toString('base64url');
}

/** Whether a request has the token in its address or, after the first page, in a cookie. */
function hasToken({ url, headers }: Pick<Asked, 'url' | 'headers'>, token: string): boolean {
  const cookies = (headers.cookie ?? '').split(';').map((one) => one.trim());
  const given = cookies.find((one) => one.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1);
  return [given, tokenIn(url)].some((one) => one !== undefined && equal(one, token));
}

function tokenIn(url: string): string | undefined {
  return /[?&]token=([\w-]+)/.exec(url)?.[1];
}

/** Sets the cookie for the pages after the first. */
export function tokenCookie(url: string, { token }: Access): Record<string, string> {
  if (token === undefined || tokenIn(url) === undefined) return {};
  return { 'set-cookie': `${COOKIE}=${token}; HttpOnly; SameSite=Strict; Path=/` };
}

function equal(a: string, b: string): boolean {
  const [first, second] = [Buffer.from(a), Buffer.from(b)];
  return first.length === second.length && timingSafeEqual(first, second);
}

/** Of every answer. Nothing is loaded from elsewhere, nothing may frame a page, nothing is kept. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
};
