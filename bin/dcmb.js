#!/usr/bin/env node
// Plain JavaScript that any Node parses, so that an old one gets a sentence instead of a syntax error.
const version = process.versions.node;
const [major, minor] = version.split('.').map(Number);

function refuse(sentence) {
  process.stderr.write('dcmb: ' + sentence + '\n');
  process.exit(2);
}

function atLeast(wantedMajor, wantedMinor) {
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

async function main() {
  if (!atLeast(22, 13)) {
    refuse(
      'needs Node 22.13 or newer, this is ' + version + '; install a newer Node, or in a clone use `npx dcmb`, which runs the pinned one.',
    );
  }
  const { existsSync } = await import('node:fs');
  const compiled = new URL('../lib/cli/main.js', import.meta.url);
  if (existsSync(compiled)) return import(compiled.href);
  // A clone: the sources run as they are, which needs a Node that strips types (22.18, 23.6 or newer).
  if (!process.features.typescript) {
    refuse(
      'runs from its sources here, which needs Node 22.18 or newer, this is ' +
        version +
        '; use `npx dcmb`, or the built package (`npm run build`).',
    );
  }
  return import(new URL('../src/cli/main.ts', import.meta.url).href);
}

main();
