import { busy } from './busy.js';
import { compare } from './compare.js';
import { dashboardBench } from './dashboard/main.js';
import { dataBench } from './data/main.js';
import { flat } from './flat.js';
import { latencyBench } from './latency.js';
import { overhead } from './overhead.js';
import { precision } from './precision.js';
import { scaling } from './scaling.js';
import { type BenchSettings, parseSettings } from './settings.js';

/** Benches with options of their own. */
const OWN = new Map([
  ['dashboard', dashboardBench],
  ['data', dataBench],
  ['latency', latencyBench],
]);
const own = OWN.get(process.argv[2] ?? '');
if (own !== undefined) {
  await own(process.argv.slice(3));
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
  case 'busy':
    busy(settings);
    break;
  case 'scaling':
    await scaling(settings);
    break;
  default:
    compare(settings);
}
