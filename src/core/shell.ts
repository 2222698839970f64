/** A word of a command line, quoted where a shell would take it apart. */
export function shell(text: string): string {
  return /^[\w./=,:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
