import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, test } from 'node:test';
import { type Page, pages, readPage, ROOT } from './markdown.ts';

const all = pages();
const byPath = new Map(all.map((page) => [page.path, page]));

/** What is wrong with a page's links to other places of the project, one sentence each. */
function brokenLinks({ path, links, anchors }: Page): string[] {
  const local = links.filter((link) => !/^[a-z]+:/.test(link));
  return local.flatMap((link) => {
    const [target = '', anchor = ''] = link.split('#');
    const file = target === '' ? path : normalize(join(dirname(path), decodeURIComponent(target)));
    if (!existsSync(join(ROOT, file))) return [`${path}: ${link} is not there`];
    if (anchor === '') return [];
    const known = target === '' ? anchors : byPath.get(file)?.anchors;
    return known?.has(anchor) === true ? [] : [`${path}: ${link} has no such heading`];
  });
}

describe('links between pages', () => {
  test('every relative link and anchor of every page leads somewhere', () => {
    assert.ok(all.length > 10);
    assert.ok(all.flatMap(({ links }) => links).length > 50);
    assert.deepEqual(all.flatMap(brokenLinks), []);
  });

  test('README links every page of docs/', () => {
    const linked = new Set(byPath.get('README.md')?.links.map((link) => link.split('#')[0]));
    const unlinked = all.filter(({ path }) => /^docs\/[^/]+\.md$/.test(path) && !linked.has(path));
    assert.deepEqual(
      unlinked.map(({ path }) => path),
      [],
    );
  });

  test('a link to a missing file, and one to a missing heading, are found; code is no link', () => {
    const page = readPage(
      'README.md',
      '# A `b` c!\n[x](none.md) [y](#a-b-c) [z](#d) [u](https://example.org/#q)\n```\n[v](none.md)\n```\n`[w](none.md)`\n',
    );
    assert.deepEqual(brokenLinks(page), ['README.md: none.md is not there', 'README.md: #d has no such heading']);
  });
});
