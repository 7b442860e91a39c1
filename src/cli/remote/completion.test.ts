/** The scripts say what the commands are, and shells understand them. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../program.ts';
import { completionScript, spotsOf } from './completion.ts';

const surroundings = { environment: {}, folder: '/', say: () => {}, warn: () => {} };
const program = createProgram({ surroundings, finish: () => {} });

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'completion-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What bash offers for the last word; `aimindserve __complete` is played by a function. */
function offered(...words: string[]): string[] {
  const script = `${completionScript(program, 'bash')}
aimindserve() { [[ "$1" == __complete ]] && echo "some-$2"; }
COMP_WORDS=(aimindserve ${words.map((word) => `'${word}'`).join(' ')})
COMP_CWORD=${words.length}
_aimindserve
printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
}

describe('completionScript', () => {
  it('offers commands, flags and names in bash', () => {
    expect(offered('')).toEqual(expect.arrayContaining(['serve', 'deploy', 'keys', 'completion']));
    expect(offered('')).not.toContain('__complete');
    expect(offered('mo')).toEqual(['models']);
    expect(offered('models', '')).toEqual(['search', 'files', 'list', 'pull', 'cancel', 'rm', 'help']);
    expect(offered('deploy', '--ctx')).toEqual(['--ctx-size']);
    expect(offered('logs', '-f', '')).toEqual(['some-deployment']);
    expect(offered('keys', 'revoke', 'some')).toEqual(['some-key']);
  });

  it.each(['bash', 'zsh', 'fish'])('is a script that %s can read', (shell) => {
    const file = join(folder, shell);
    writeFileSync(file, completionScript(program, shell));
    const { error, status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
    // Not every machine has every shell.
    if (error === undefined) expect([status, stderr]).toEqual([0, '']);
  });

  it('knows every command of the tree', () => {
    for (const shell of ['bash', 'zsh', 'fish'])
      for (const { path } of spotsOf(program, [])) expect(completionScript(program, shell)).toContain(path.join(' '));
  });
});
