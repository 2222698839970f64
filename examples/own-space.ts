// A block and a search space of one's own, trained, searched and exported: npm run build && node dist/examples/own-space.js
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
  const [k3, k5, wide] = [block(out, 3, stride, 2), block(out, 5, stride, 2), block(out, 3, stride, 4)];
  return choiceLayer({ choices: { k3, k5, wide, ...(stride === 1 && { skip: nn.identity }) } });
}

const space = sp.defineSpace({
  name: 'my-space',
  input: { channels: 1, size: 28 },
  classes: 10,
  layers: [
    fixed('stem', nn.conv2d({ out: 16, kernel: 3, stride: 2 }), norm(), nn.relu()),
    ...[layer(16, 1), layer(32, 2), layer(32, 1), layer(32, 1), layer(64, 2), layer(64, 1)],
    fixed('head', nn.averagePool(), nn.linear({ out: 10 })),
  ],
});

// Images: most train the supernet, some score candidates, the test images judge the winner.
using all = (await sp.openDataset({ kind: 'fashion-mnist' }, { split: 'train' })).take(10_000);
using test = await sp.openDataset({ kind: 'fashion-mnist' }, { split: 'test' });
const { train, heldOut } = sp.splitHeldOut(all, 1000, 0);
const augmented = { batchSize: 64, shuffle: true, augment: { cropPadding: 2, flip: true }, dropLast: true };
const plain = { batchSize: 250, count: 1000 };
const calibration = await train.batches(plain);

// Train: one uniformly drawn path a step. What is not said here is as in `singlepath config show`.
const steps = Number(process.argv[2] ?? 600);
const settings = { steps, learningRate: 0.1, clipGradientNorm: 5 };
const config = sp.resolveConfig([sp.objectSource({ train: settings }, 'example')]);
const batches = train.loader(augmented);
const recipe = sp.recipeOf(config.train, batches.batchesPerEpoch);
using supernet = new sp.Supernet(space, { seed: 1 });
const sampler = new sp.UniformSampler(space, 1);
await sp.trainSupernet({ supernet, loader: batches, sampler, recipe, seed: 1 });

// Search among the architectures that meet the constraint.
const evaluate = sp.populationEvaluator({
  supernet,
  calibration,
  validation: await heldOut.batches(plain),
  cache: new sp.EvaluationCache(),
  key: sp.evaluationKey('this process', {}),
});
const feasible = sp.feasibleSet(space, [sp.costTable(space, 'madds')], sp.parseConstraints('madds<=1.5M'));
let winner: sp.Architecture = [];
for await (const { topK } of sp.evolutionarySearch(space, evaluate, {
  population: 16,
  generations: 4,
  feasible,
})) {
  winner = topK[0]!.architecture;
  console.log(`best so far: ${winner.join()} with held-out accuracy ${topK[0]!.score.accuracy}`);
}

// Train the winner from scratch and export it.
using network = new sp.Supernet(sp.deriveSubnet(space, winner), { seed: 1 });
const validation = await test.batches(plain);
const loader = all.loader(augmented);
const { last } = await sp.retrain({ network, loader, recipe, seed: 1, calibration, validation });
console.log(`${winner.join()}: ${sp.costOf(space, winner).madds} MAdds, test accuracy ${last.accuracy}`);
const [parityBatch] = validation;
const target = { architecture: winner, directory: 'runs/my-space', parityBatch: parityBatch! };
const { files, parity } = await sp.exportSubnet({ space, network, ...target });
console.log(`${files.script}: logits differ by ${parity.relative} (relative)`);
