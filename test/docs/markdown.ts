import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const NOT_OURS = new Set(['node_modules', '.git', '.venv', 'dist', 'coverage', 'plant', '.dcmb']);

/** A page, split into what is code and what is text. */
export interface Page {
  /** Path from the project's root. */
  readonly path: string;
  readonly links: readonly string[];
  readonly anchors: ReadonlySet<string>;
  /** Lines of fenced blocks, and what stands in backticks. */
  readonly code: readonly string[];
}

/** Every Markdown page of the project. */
export function pages(folder: string = ROOT): Page[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : pages(path);
    return entry.name.endsWith('.md') ? [readPage(relative(ROOT, path), readFileSync(path, 'utf8'))] : [];
  });
}

export function readPage(path: string, markdown: string): Page {
  const code: string[] = [];
  const prose: string[] = [];
  let fence = '';
  for (const line of markdown.split('\n')) {
    const mark = /^\s*(`{3,})/.exec(line)?.[1];
    if (mark !== undefined && (fence === '' || mark === fence)) fence = fence === '' ? mark : '';
    else (fence === '' ? prose : code).push(line);
  }
  const text = prose.join('\n').replaceAll(/`([^`]+)`/g, (_, span: string) => {
    code.push(span.replaceAll('\n', ' '));
    return `\`${'x'.repeat(span.length)}\``;
  });
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? '');
  return { path, links, anchors: anchorsOf(prose), code };
}

/** Anchors as GitHub makes them of headings. */
function anchorsOf(lines: readonly string[]): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const line of lines) {
    const heading = /^#{1,6} +(.*)$/.exec(line)?.[1];
    if (heading === undefined) continue;
    const words = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase();
    const slug = words.replaceAll(/[^\p{L}\p{N}\p{M}_\- ]/gu, '').replaceAll(' ', '-');
    let anchor = slug;
    for (let again = 1; anchors.has(anchor); again++) anchor = `${slug}-${again}`;
    anchors.add(anchor);
  }
  return anchors;
}
