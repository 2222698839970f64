import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { refuseRanks } from '../../src/cli/common/alone.js';

test('what writes one folder or file is refused where a launcher started several processes', (t) => {
  const before = { ...process.env };
  t.after(() => {
    process.env = before;
  });
  Object.assign(process.env, { RANK: '0', WORLD_SIZE: '2', MASTER_ADDR: 'localhost', MASTER_PORT: '29500' });
  const program = new Command('singlepath');
  const named = (...words: string[]) => words.reduce((parent, word) => parent.command(word), program);
  for (const words of [['run'], ['export'], ['data', 'pack']]) {
    assert.throws(() => refuseRanks(named(...words)), {
      code: 'INVALID_CONFIG',
      message: `Expected one process for singlepath ${words.join(' ')} but WORLD_SIZE is 2`,
    });
  }
  for (const words of [['train'], ['pack']]) refuseRanks(named(...words));
});
