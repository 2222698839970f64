import { compare } from './compare.js';
import { dataBench } from './data/main.js';
import { flat } from './flat.js';
import { latencyBench } from './latency.js';
import { overhead } from './overhead.js';
import { precision } from './precision.js';
import { scaling } from './scaling.js';
import { type BenchSettings, parseSettings } from './settings.js';

if (process.argv[2] === 'data') {
  await dataBench(process.argv.slice(3));
  process.exit();
}
if (process.argv[2] === 'latency') {
  await latencyBench(process.argv.slice(3));
  process.exit();
}
let settings: BenchSettings;
try {
  settings = parseSettings(process.argv.slice(2));
} catch (error) {
  console.error((error as Error).message);
  process.exit(2);
}
switch (settings.what) {
  case 'precision':
    await precision(settings);
    break;
  case 'flat':
    await flat(settings);
    break;
  case 'overhead':
    await overhead(settings);
    break;
  case 'scaling':
    await scaling(settings);
    break;
  default:
    compare(settings);
}
