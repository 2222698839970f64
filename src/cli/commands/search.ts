import { Command } from 'commander';
import type { SearchCommandOptions } from '../actions/search.js';
import { withHelp } from '../common/help.js';
import { DEVICES } from '../common/latencyOptions.js';
import { EVALUATION_MEMORY, RUN, SEARCH, withOptions } from '../common/options.js';

/** `singlepath search`: finds architectures with a supernet's weights. */
export function searchCommand(): Command {
  const command = withOptions(
    new Command('search')
      .description('find the best architecture under constraints; candidates use the weights of a supernet')
      .option('--supernet <folder>', 'run directory of singlepath train; a resumed search knows its own'),
    SEARCH,
    DEVICES,
    RUN,
    EVALUATION_MEMORY,
  ).action(async (options: SearchCommandOptions) => {
    const { search } = await import('../actions/search.js');
    await search(options);
  });
  return withHelp(command, {
    examples: [
      [
        "singlepath search --supernet runs/supernet --constraint 'madds<=4.6M' -d runs/search",
        'search under one constraint',
      ],
      [
        "singlepath search --supernet runs/supernet --constraint 'madds<=4.6M' --constraint 'params<=150K'",
        'search under two constraints, which must both hold',
      ],
      [
        'singlepath search --supernet runs/supernet --set search.algorithm=nsga2',
        'search for a Pareto front of accuracy and multiply-adds',
      ],
      [
        'singlepath search -d runs/search --resume --set search.generations=40',
        'go on, here with more generations',
      ],
      [
        "singlepath search --supernet runs/supernet --constraint 'madds<=3M' --calibrate 18 --finalists 10",
        'with real trainings before and after: slower; docs/search-quality.md tells what they bring',
      ],
      [
        "singlepath search --supernet runs/supernet --constraint 'latency[pi.lut]<=12ms' --agent pi.local:7757 --token-file token",
        'under the latency of another device, where the best candidates are measured',
      ],
    ],
    exitCodes: [3, 4, 5, 129, 130, 143],
  });
}
