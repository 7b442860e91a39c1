import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openRunLog } from './run-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'run-log-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const newPath = (): string => join(folder, `${++files}.log`);

describe('a log of a run', () => {
  it('keeps the newest in two files, however the output is cut', async () => {
    for (const size of [1, 7, 100, 1_000, 5_000]) {
      const path = newPath();
      const log = await openRunLog(path, 1_000);
      const text = Array.from({ length: 500 }, (_, i) => `line ${i}\n`).join('');
      for (let at = 0; at < text.length; at += size) {
        log.write(Buffer.from(text.slice(at, at + size)));
        if (at % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await log.close();
      const kept = readFileSync(`${path}.1`, 'utf8') + readFileSync(path, 'utf8');
      expect(text.endsWith(kept)).toBe(true);
      expect(kept.length).toBeGreaterThan(1_000);
      expect(kept.length).toBeLessThanOrEqual(2_000);
      expect(statSync(path).mode & 0o777).toBe(0o600);
    }
  });

  it('leaves out what the disk is too slow for, and says how much', async () => {
    const path = newPath();
    const log = await openRunLog(path, 100 << 20);
    const part = Buffer.alloc(1 << 20, 'x');
    for (let i = 0; i < 10; i++) log.write(part);
    await log.close();
    const text = readFileSync(path, 'utf8');
    const kept = text.lastIndexOf('x') + 1;
    expect(kept).toBeLessThan(4 << 20);
    expect(text.slice(kept)).toBe(`\n[${(10 << 20) - kept} bytes of output are missing here]\n`);
  });

  it('does not mind a full disk', async () => {
    const log = await openRunLog('/dev/full', 1_000);
    for (let i = 0; i < 3; i++) {
      log.write(Buffer.from('x'.repeat(5_000)));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await log.close();
  });

  it('goes on when its file is taken away, and when there is no place for a new one', async () => {
    const path = newPath();
    const log = await openRunLog(path, 10);
    rmSync(path);
    log.write(Buffer.from('0123456789abc'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(readFileSync(path, 'utf8')).toBe('abc');
    rmSync(folder, { recursive: true });
    log.write(Buffer.from('0123456789abc'));
    await log.close();
    expect(existsSync(path)).toBe(false);
  });
});
