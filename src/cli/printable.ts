/** Text with parts that others chose, the name in a stranger's certificate among them: no control character of it reaches the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{C}\u2028\u2029]/gu, '\uFFFD');
}
