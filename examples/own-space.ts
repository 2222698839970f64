// A block and a search space of one's own: trained, searched and exported. Run: npm run build && node dist/examples/own-space.js
import * as sp from 'singlepath';

const { nn, choiceLayer, fixed } = sp;
const norm = () => nn.batchNorm();

/** Our block: a depthwise convolution around a wide middle, with a shortcut where the shape stays. */
function block(out: number, kernel: number, stride: number, expand: number) {
  const wide = [nn.conv2d({ out: out * expand }), norm(), nn.relu()];
  const middle = [nn.depthwise({ kernel, stride }), norm(), nn.relu()];
  const main = nn.sequential('main', ...wide, ...middle, nn.conv2d({ out }), norm());
  return stride === 1 ? nn.residual(main) : main;
}

/** Its alternatives; where the shape stays, a layer may also be skipped. */
function layer(out: number, stride: number) {
  const blocks = {
    k3: block(out, 3, stride, 2),
    k5: block(out, 5, stride, 2),
    wide: block(out, 3, stride, 4),
  };
  return choiceLayer({ choices: stride === 1 ? { ...blocks, skip: nn.identity } : blocks });
}

const table = [
  [16, 1],
  [32, 2],
  [32, 1],
  [32, 1],
  [64, 2],
  [64, 1],
] as const;
const space = sp.defineSpace({
  name: 'my-space',
  input: { channels: 1, size: 28 },
  classes: 10,
  layers: [
    fixed('stem', nn.conv2d({ out: 16, kernel: 3, stride: 2 }), norm(), nn.relu()),
    ...table.map(([out, stride]) => layer(out, stride)),
    fixed('head', nn.averagePool(), nn.linear({ out: 10 })),
  ],
});

// Images: most train the supernet, some score candidates, the test images judge the winner.
using all = await sp.openDataset({ kind: 'fashion-mnist' }, { split: 'train' });
using test = await sp.openDataset({ kind: 'fashion-mnist' }, { split: 'test' });
const { train, heldOut } = sp.splitHeldOut(all.take(10_000), 1000, 0);
const images = { batchSize: 64, shuffle: true, augment: { cropPadding: 2, flip: true }, dropLast: true };
const fixedImages = { batchSize: 250, count: 1000 };
const calibration = await train.batches(fixedImages);

// Everything not said here is as in `singlepath config show`.
const steps = Number(process.argv[2] ?? 600);
const settings = { steps, learningRate: 0.1, warmupSteps: steps / 10, clipGradientNorm: 5 };
const recipe = sp.resolveConfig([sp.objectLayer({ train: settings }, 'example')]).train;

// Train: one uniformly drawn path a step.
using supernet = new sp.Supernet(space, { seed: 1 });
const sampler = new sp.UniformSampler(space, 1);
await sp.trainSupernet({ supernet, loader: train.loader(images), sampler, recipe, seed: 1 });

// Search among the architectures that meet the constraint.
const evaluate = sp.populationEvaluator({
  supernet,
  calibration,
  validation: await heldOut.batches(fixedImages),
  cache: new sp.EvaluationCache(),
  key: sp.evaluationKey('this process', {}),
});
const legal = sp.feasibleSet(space, [sp.costTable(space, 'madds')], sp.parseConstraints('madds<=1.5M'));
const options = { population: 16, generations: 4, topK: 4, feasible: legal };
let winner: sp.Architecture = [];
for await (const { generation, topK } of sp.evolutionarySearch(space, evaluate, options)) {
  winner = topK[0]!.architecture;
  console.log(`generation ${generation}: ${winner.join()} has held-out accuracy ${topK[0]!.score.accuracy}`);
}

// Train the winner from scratch and export it.
using network = new sp.Supernet(sp.deriveSubnet(space, winner), { seed: 1 });
const validation = await test.batches(fixedImages);
const loader = all.loader(images);
const { last } = await sp.retrain({ network, loader, recipe, seed: 1, calibration, validation });
console.log(`${winner.join()}: ${sp.costOf(space, winner).madds} MAdds, test accuracy ${last.accuracy}`);
