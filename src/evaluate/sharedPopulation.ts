import type { TicketOffice } from '../distributed/tickets.js';
import { cutUnits } from '../distributed/units.js';
import type { EvaluateResult } from '../runtime/native.js';
import type { Architecture } from '../space/types.js';
import type { Supernet } from '../supernet/supernet.js';

/** Units for each rank: enough that all end at about the same time, few enough that prefixes are shared inside them. */
const UNITS_A_RANK = 6;

/** A supernet whose populations are scored by all ranks of a group, with the scores of one process, bit for bit. */
export function sharedPopulation(
  supernet: Pick<Supernet, 'evaluate'>,
  office: TicketOffice,
  worldSize: number,
): Pick<Supernet, 'evaluate'> {
  return {
    async evaluate(architectures, settings): Promise<EvaluateResult> {
      const { onProgress, ...own } = settings;
      const units = cutUnits(architectures, UNITS_A_RANK * worldSize);
      const evaluateHere = (unit: Architecture[]) => supernet.evaluate(unit, own);
      const results = await office.share(units, evaluateHere, {
        signal: settings.signal,
        onDone: (done) => onProgress?.(done, units.length),
      });
      return merged(architectures, units, results);
    },
  };
}

function merged(
  architectures: readonly Architecture[],
  units: readonly (readonly Architecture[])[],
  results: readonly EvaluateResult[],
): EvaluateResult {
  const places = new Map<string, [unit: EvaluateResult, row: number]>();
  units.forEach((unit, index) => {
    unit.forEach((architecture, row) => {
      places.set(architecture.join(), [results[index]!, row]);
    });
  });
  const of = (measure: 'correct' | 'top5' | 'loss') =>
    architectures.map((architecture) => {
      const [result, row] = places.get(architecture.join())!;
      return result[measure][row]!;
    });
  const sum = (measure: 'layersRun' | 'layersAlone') =>
    results.reduce((total, result) => total + result[measure], 0);
  return {
    correct: of('correct'),
    top5: of('top5'),
    loss: of('loss'),
    images: results[0]!.images,
    layersRun: sum('layersRun'),
    layersAlone: sum('layersAlone'),
  };
}
