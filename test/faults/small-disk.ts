import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FILLER = 'filler';

/** A file system of its own, small enough to be filled. Needs the right to mount one. */
export class SmallDisk {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** False where this machine lets nobody mount. */
  static isPossible(): boolean {
    const folder = mkdtempSync(join(tmpdir(), 'dcmb-disk-'));
    const can = mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder);
    if (can) spawnSync('umount', [folder]);
    rmSync(folder, { recursive: true });
    return can;
  }

  /** Puts a folder with what it holds onto a disk of so many megabytes. */
  static under(folder: string, megabytes: number): SmallDisk {
    const kept = mkdtempSync(join(tmpdir(), 'dcmb-disk-'));
    cpSync(folder, kept, { recursive: true });
    if (!mount('-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', folder))
      throw new Error(`Nothing could be mounted at ${folder}.`);
    cpSync(kept, folder, { recursive: true });
    rmSync(kept, { recursive: true });
    return new SmallDisk(folder);
  }

  /** Takes all the room that is left. */
  fill(): void {
    for (let block = 2 ** 20; block >= 512; block /= 2) {
      while (this.#freeBytes() >= block && this.#append(block));
    }
  }

  /** Gives back what `fill` took. */
  free(): void {
    rmSync(join(this.#folder, FILLER), { force: true });
  }

  /** @returns false while a file is open for writing */
  setReadOnly(isReadOnly: boolean): boolean {
    return mount('-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, this.#folder);
  }

  unmount(): void {
    spawnSync('umount', ['-l', this.#folder]);
  }

  #freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.#folder);
    return bavail * bsize;
  }

  #append(bytes: number): boolean {
    try {
      writeFileSync(join(this.#folder, FILLER), new Uint8Array(bytes), { flag: 'a' });
      return true;
    } catch {
      return false;
    }
  }
}

function mount(...args: readonly string[]): boolean {
  return spawnSync('mount', args).status === 0;
}
