/** Text with parts that others chose, the name in a stranger's certificate among them: no control character of it reaches the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{C}\u2028\u2029]/gu, '\uFFFD');
}

/** The same as JSON, of which nothing is lost: what could do something to a terminal is escaped, as JSON.stringify does with the rest. */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replaceAll(/[\u007f-\u009f\p{Cf}\u2028\u2029]/gu, escaped);
}

/** Each UTF-16 unit on its own. */
function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`).join('');
}
