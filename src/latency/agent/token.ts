import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { expected, SinglePathError } from '../../core/errors.js';
import { ioError } from '../../core/files.js';

/** Where the token may be instead of in a file. */
export const TOKEN_VARIABLE = 'SINGLEPATH_AGENT_TOKEN';

const SHORTEST = 16;

/**
 * The token that host and agent share: of a file that only its owner may read, else of the environment.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` where there is none, others may read it or it is too short; `IO`.
 */
export function readToken(file: string | undefined): string {
  if (file !== undefined) return checked(readTokenFile(file), `the token in '${file}'`);
  const token = process.env[TOKEN_VARIABLE];
  if (token !== undefined && token !== '') return checked(token, TOKEN_VARIABLE);
  throw new SinglePathError(
    'INVALID_ARGUMENT',
    `Expected --token-file FILE, or the token in ${TOKEN_VARIABLE}`,
    { hint: 'the agent makes the file where there is none; copy it to the host' },
  );
}

/** Makes a file with a new token where there is none; whether it did. @throws SinglePathError `IO`. */
export function makeTokenFile(file: string): boolean {
  if (existsSync(file)) return false;
  try {
    writeFileSync(file, `${randomBytes(32).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    throw ioError('write the token file', file, error);
  }
}

function readTokenFile(file: string): string {
  try {
    const mode = statSync(file).mode & 0o777;
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new SinglePathError(
        'INVALID_ARGUMENT',
        `Expected a token file that only its owner may read but '${file}' has mode ${mode.toString(8)}`,
        { hint: `chmod 600 '${file}'` },
      );
    }
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw ioError('read the token file', file, error);
  }
}

function checked(token: string, where: string): string {
  // Tokens travel in a header.
  if (token.length >= SHORTEST && /^[\x21-\x7e]+$/.test(token)) return token;
  throw expected(
    `at least ${SHORTEST} letters, digits or signs in one line`,
    where,
    `${token.length} characters`,
  );
}

/** Compares in a time that does not depend on where they differ. */
export function sameToken(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
