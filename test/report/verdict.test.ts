import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkFacts, ReportFacts, RunFacts, SearchFacts } from '../../src/report/facts.js';
import { drawnFront } from '../../src/report/front.js';
import { scatterSection } from '../../src/report/html/scatterSection.js';
import { pareto } from '../../src/report/plots.js';
import { verdictOf } from '../../src/report/verdict.js';
import type { CandidateLine } from '../../src/run/candidateFiles.js';
import type { CostedCandidate } from '../../src/search/result.js';

const RUN: RunFacts = {
  name: 'network',
  kind: 'retrain',
  status: 'finished',
  created: '',
  step: 4,
  steps: 4,
  seconds: 1,
  starts: 1,
  peakMemory: 0,
  environment: undefined,
  incidents: [],
  seed: 0,
  data: { kind: 'synthetic', images: 120, fingerprint: 'abc', classes: 10 },
  passes: { trained: 0, evaluated: 0 },
  settings: [['retrain.steps', '4', '300000']],
  command: 'singlepath retrain --config network/config.yaml --arch 0,1 --run-dir again/network',
};

const costed = (gene: number, accuracy: number, madds: number): CostedCandidate => ({
  architecture: [gene],
  choices: ['conv'],
  score: { accuracy },
  costs: { madds },
  generation: 0,
});

const line = (phase: string, gene: number, accuracy: number, madds: number): CandidateLine => ({
  phase,
  generation: 0,
  origin: 'random',
  architecture: [gene],
  accuracy,
  top5: null,
  loss: null,
  costs: { madds },
  parents: [],
});

const SEARCH: SearchFacts = {
  run: { ...RUN, name: 'search', kind: 'search' },
  method: 'evolution',
  metrics: ['madds'],
  constraints: [],
  candidates: [line('search', 0, 0.9, 30), line('search', 1, 0.6, 20), line('baseline', 2, 0.8, 10)],
  generations: [],
  topK: [],
  finalists: [],
  calibration: [],
  heldOut: 10_000,
  calibrationImages: 32,
};

const factsOf = (facts: Partial<ReportFacts>): ReportFacts => ({
  title: 'runs',
  space: { name: 'tiny', hash: '', genes: [], size: '3', classes: 10 },
  runs: [],
  networks: [],
  agreement: undefined,
  ...facts,
});

const network = (accuracy: number, { run, ...facts }: Partial<NetworkFacts> = {}): NetworkFacts => ({
  run: { ...RUN, ...run },
  loss: [],
  accuracy: [],
  validation: [],
  architecture: [1],
  costs: {},
  found: false,
  last: { step: 4, accuracy, top5: 1, loss: 0 },
  images: 10_000,
  recipe: 'abc',
  ...facts,
});

const textsOf = (facts: Partial<ReportFacts>): string[] => verdictOf(factsOf(facts)).map(({ text }) => text);

test('the winner of a search is compared with that of the random one, not the most accurate candidates', () => {
  // The score model chose another candidate than the most accurate one.
  const search = { ...SEARCH, winner: costed(1, 0.6, 20), baseline: costed(3, 0.7, 10) };
  assert.deepEqual(textsOf({ search }), [
    'The winner of the search is 10.00 points worse than that of a random search of the same cost',
  ]);
  assert.match(verdictOf(factsOf({ search }))[0]!.detail, /^60\.00 % against 70\.00 %/);
});

test('a search without a result is not compared', () => assert.deepEqual(textsOf({ search: SEARCH }), []));

test('the front is that of the search, where it has one, without the candidates of the random search', () => {
  const front = [costed(1, 0.6, 20), costed(4, 0.5, 5)];
  const search = { ...SEARCH, front };
  assert.deepEqual(drawnFront(search, 'madds'), [
    { x: 5, y: 0.5 },
    { x: 20, y: 0.6 },
  ]);
  assert.deepEqual(drawnFront(SEARCH, 'madds'), [
    { x: 10, y: 0.8 },
    { x: 30, y: 0.9 },
  ]);
  const lineOf = (one: SearchFacts) =>
    /<path[^>]*class="front"[^>]*>/.exec(pareto(factsOf({ search: one }), 720)!)![0];
  assert.notEqual(lineOf(search), lineOf(SEARCH));
  const page = scatterSection(factsOf({ search }));
  const rows = page.match(/<tbody>.*?<\/tbody>/s)![0];
  assert.match(rows, /50\.00 %.*60\.00 %/s);
  assert.doesNotMatch(rows, /80\.00 %|90\.00 %/);
  assert.match(page, /Pareto front that the search found\./);
  assert.match(scatterSection(factsOf({ search: SEARCH })), /Pareto front of all candidates\./);
});

function withoutRecipe({ recipe: _, ...facts }: NetworkFacts): NetworkFacts {
  return facts;
}

test('the network that was found is compared with other networks that were trained alike, from scratch', () => {
  const found = network(0.9, { found: true, architecture: [0] });
  const other = network(0.8);
  const strangers = [
    network(0.1, { found: true, architecture: [0] }),
    network(0.1, { images: 40 }),
    network(0.1, { recipe: 'def' }),
    withoutRecipe(network(0.1)),
  ];
  const said = (networks: NetworkFacts[]) => textsOf({ networks }).slice(1);
  const expected = ['10.00 points better than the mean of 1 other network trained from scratch'];
  assert.deepEqual(said([found, other]), expected);
  for (const stranger of strangers) {
    assert.deepEqual(said([found, stranger, other]), expected);
    assert.deepEqual(said([found, stranger]), []);
  }
  assert.deepEqual(said([withoutRecipe(found), withoutRecipe(other)]), [], 'began with other weights');
});
