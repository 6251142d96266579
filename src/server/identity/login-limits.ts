/** Longest user name and password that anybody can log in with, characters. Longer ones are refused before any work. */
export const LONGEST_NAME = 256;
export const LONGEST_PASSWORD = 1024;

export function isTooLong(name: string, password: string): boolean {
  return name.length > LONGEST_NAME || password.length > LONGEST_PASSWORD;
}
