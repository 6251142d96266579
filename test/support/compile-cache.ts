import { join } from 'node:path';

/*
 * Imported into the test runner: most of what the many processes of a run compile is the same. They inherit the environment;
 * Node recompiles what has changed. Cleared servers, which get no environment, take no part.
 */
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, '../../node_modules/.cache/compiled');
