import type { Progress } from '../app/index.ts';

const SHOWN_EVERY_MS = 5000;

/** Progress on standard error: in a terminal one line is brought up to date, in a log one is written now and then. */
export class ShownProgress {
  #key = '';
  #shownMs = 0;

  show({ key, text }: Progress): void {
    const { stderr } = process;
    const same = key === this.#key;
    if (stderr.isTTY) stderr.write(`${same || this.#key === '' ? '\r' : '\n'}${text}\u001b[K`);
    else if (!same || Date.now() - this.#shownMs > SHOWN_EVERY_MS) {
      stderr.write(`${text}\n`);
      this.#shownMs = Date.now();
    }
    this.#key = key;
  }

  end(): void {
    if (process.stderr.isTTY && this.#key !== '') process.stderr.write('\n');
  }
}
