import { SinglePathError } from './errors.js';
import { readBytes } from './files.js';

/**
 * The text of a file that a person wrote: UTF-8, or the UTF-16 that editors of Windows and `>` of PowerShell make, both
 * of which YAML 1.2 is written in (5.2). A byte order mark is no part of it.
 *
 * @throws SinglePathError `IO`; `INVALID_CONFIG` with the line that is neither.
 */
export function readWrittenText(path: string): string {
  const bytes = readBytes(path);
  const encoding = encodingOf(bytes);
  let text: string;
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    // What cannot be decoded becomes U+FFFD here.
    throw notText(path, new TextDecoder(encoding).decode(bytes).split('\ufffd', 1)[0], cause);
  }
  // No text has this character; UTF-32 that is read as UTF-16 is full of it.
  if (text.includes('\0')) throw notText(path, text.split('\0', 1)[0]);
  return text;
}

/** @param before what of the file can be read. */
function notText(path: string, before = '', cause?: unknown): SinglePathError {
  const line = before.split('\n').length;
  return new SinglePathError(
    'INVALID_CONFIG',
    `${path}:${line}: Expected text in UTF-8 or UTF-16 but this line is neither`,
    { hint: 'save it as UTF-8; a file that was packed has to be unpacked', cause },
  );
}

/** Where there is no mark, the first character of these files is one of ASCII, so its other byte is 0. */
function encodingOf([first, second]: Uint8Array): string {
  if ((first === 0xfe && second === 0xff) || first === 0) return 'utf-16be';
  if ((first === 0xff && second === 0xfe) || second === 0) return 'utf-16le';
  return 'utf-8';
}
