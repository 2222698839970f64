import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Logger } from '../../src/log/logger.js';
import { formatDuration, formatExact, formatPercent } from '../../src/report/format.js';
import { createProgress, Throughput } from '../../src/report/progress.js';
import { formatTable } from '../../src/report/table.js';

test('a table aligns names to the left and numbers to the right', () => {
  const columns = [{ title: 'space' }, { title: 'MAdds', align: 'right' as const }];
  assert.equal(
    formatTable(columns, [
      ['fbnet', '375'],
      ['nas-bench-macro', '8'],
    ]),
    [
      'space            MAdds',
      '---------------  -----',
      'fbnet              375',
      'nas-bench-macro      8',
    ].join('\n'),
  );
});

test('numbers for people', () => {
  assert.equal(formatExact(322_918_720), '322,918,720');
  assert.equal(formatPercent(0.91254), '91.25 %');
  const durations = [0, 8.44, 9.96, 59.7, 192, 3599.6, 7500].map(formatDuration);
  assert.deepEqual(durations, ['0.0s', '8.4s', '10s', '1m 00s', '3m 12s', '1h 00m', '2h 05m']);
});

test('without a terminal, progress is one line per interval and one at the end', () => {
  const lines: string[] = [];
  const logger = { info: (fields: object, text: string) => lines.push(`${text} ${Object.keys(fields)}`) };
  const progress = createProgress({
    title: 'supernet',
    total: 25,
    every: 10,
    bar: false,
    logger: logger as unknown as Logger,
  });
  for (let step = 1; step <= 25; step++) progress.update(step, { loss: '1.0' });
  progress.stop();
  const steps = lines.map((line) => line.split(' ')[1]);
  assert.deepEqual(steps, ['1/25', '10/25', '20/25', '25/25']);
  assert.equal(lines[0], 'supernet 1/25 loss,eta');
});

test('images per second count from the first step on, not from when libtorch and the images were loaded', () => {
  const throughput = new Throughput(3000);
  assert.equal(throughput.add(64, 10_000), undefined);
  assert.equal(throughput.add(64, 10_500), 128);
  assert.equal(throughput.add(64, 11_000), 128);
  assert.equal(throughput.add(352, 13_000), 160); // 480 images in 3 s fill the window
  assert.equal(throughput.add(64, 14_000), 160);
  assert.equal(throughput.add(64, 16_000), 128 / 3);
});
