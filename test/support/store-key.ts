import { sha256, utf8 } from '../../src/core/index.ts';

/** The store key of tests that make stores of their own. */
export const STORE_KEY = sha256(utf8('store key'));
