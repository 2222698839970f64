import type { OnnxGraph, OnnxParameter } from '../node/onnx.js';
import { type FeatureQuantizerMethod, FLOAT_BITS, type WeightQuantizerMethod } from './quantizer.js';

/*
 * The values of native/ops/quantize.cc, with the same float32 roundings in the same order: another order moves numbers
 * that lie between two levels.
 */

const { fround, tanh, abs, min, max } = Math;

/** Integer levels of quantized weights, and the number each level stands for. */
interface Levels {
  levels: Int32Array;
  numberOf(level: number): number;
}

/** How the weight of a convolution is quantized. */
export interface WeightQuantization {
  method: WeightQuantizerMethod;
  /** Fewer than 32. */
  bits: number;
  /** Of LSQ. */
  step(): number;
}

/** The value of a convolution's quantized weight; `name` is that of the convolution. */
export function quantizedWeightOnnx(
  graph: OnnxGraph,
  name: string,
  { shape, data }: OnnxParameter,
  { method, bits, step }: WeightQuantization,
): string {
  const { levels, numberOf } = method === 'lsq' ? lsqLevels(data, bits, step()) : dorefaLevels(data, bits);
  // One bit is -scale or +scale: no unsigned level, and nothing to gain below 4 bits.
  if (!graph.packed || (method === 'dorefa' && bits === 1)) {
    const numbers = new Float32Array(levels.length);
    for (let i = 0; i < levels.length; i++) numbers[i] = numberOf(levels[i]!);
    return graph.floats(`${name}.weight`, shape, numbers);
  }
  const integer = (type: 'int' | 'uint') =>
    graph.levels(`${name}.levels`, shape, bits <= 4 ? `${type}4` : `${type}8`, levels);
  if (method === 'lsq') {
    const scale = graph.floats(`${name}.step`, [], [step()]);
    return graph.node('DequantizeLinear', [integer('int'), scale], `${name}.weight`);
  }
  // DoReFa's level k of L stands for k / L * 2 - 1: no multiple of one scale, so it is computed as torch does.
  const level = graph.node('DequantizeLinear', [integer('uint'), graph.number(1)], `${name}.level`);
  const unit = graph.node('Div', [level, graph.number(2 ** bits - 1)], `${name}.unit`);
  const doubled = graph.node('Mul', [unit, graph.number(2)], `${name}.doubled`);
  return graph.node('Sub', [doubled, graph.number(1)], `${name}.weight`);
}

function lsqLevels(weight: Float32Array, bits: number, step: number): Levels {
  const numberOf = (level: number) => fround(level * step);
  if (bits === 1) {
    return { levels: levelsOf(weight, (value) => (fround(value / step) >= 0 ? 1 : -1)), numberOf };
  }
  const half = 2 ** (bits - 1);
  const level = (value: number) => roundHalfToEven(min(half - 1, max(-half, fround(value / step))));
  return { levels: levelsOf(weight, level), numberOf };
}

function dorefaLevels(weight: Float32Array, bits: number): Levels {
  if (bits === 1) {
    const scale = fround(weight.reduce((sum, value) => sum + abs(value), 0) / weight.length);
    return {
      levels: levelsOf(weight, (value) => (value >= 0 ? 1 : -1)),
      numberOf: (level) => fround(level * scale),
    };
  }
  const top = 2 ** bits - 1;
  const squashed = weight.map(tanh);
  const largest = squashed.reduce((most, value) => max(most, abs(value)), 0) || 1; // all weights 0: as in the kernels
  const unit = (value: number) => fround(fround(fround(value / largest) * 0.5) + 0.5);
  return {
    levels: levelsOf(squashed, (value) => roundHalfToEven(fround(unit(value) * top))),
    numberOf: (level) => fround(fround(fround(level / top) * 2) - 1),
  };
}

/** A loop: Int32Array.from() takes ten times as long, and a ResNet-18 has eleven million weights. */
function levelsOf(values: Float32Array, level: (value: number) => number): Int32Array {
  const levels = new Int32Array(values.length);
  for (let i = 0; i < values.length; i++) levels[i] = level(values[i]!);
  return levels;
}

/** As torch.round and ONNX's Round do. */
function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  const part = value - below;
  if (part === 0.5) return below % 2 === 0 ? below : below + 1;
  return part < 0.5 ? below : below + 1;
}

/** How features are quantized. */
export interface FeatureQuantization {
  method: FeatureQuantizerMethod;
  bits: number;
  /** The learned bound (PACT) or step (LSQ). */
  scalar(): number;
}

/**
 * Quantized features as arithmetic on floats, which every runtime computes alike. Never as integers of fewer than 8
 * bits: onnxruntime 1.30 writes beyond its buffers with those.
 */
export function quantizedFeatureOnnx(
  graph: OnnxGraph,
  name: string,
  x: string,
  { method, bits, scalar }: FeatureQuantization,
): string {
  const number = (suffix: string, value: number) => graph.floats(`${name}.${suffix}`, [], [value]);
  if (method === 'lsq') {
    if (bits >= FLOAT_BITS) return x;
    const step = number('step', scalar());
    const scaled = graph.node('Div', [x, step], `${name}.scaled`);
    const clipped = graph.node(
      'Clip',
      [scaled, graph.number(0), graph.number(2 ** bits - 1)],
      `${name}.clipped`,
    );
    return graph.node('Mul', [graph.node('Round', [clipped], `${name}.level`), step], name);
  }
  const alpha = scalar();
  const bounds = [graph.number(0), number('alpha', alpha)];
  if (bits >= FLOAT_BITS) return graph.node('Clip', [x, ...bounds], name);
  const clipped = graph.node('Clip', [x, ...bounds], `${name}.clipped`);
  const unit = number('unit', fround(alpha / (2 ** bits - 1)));
  const level = graph.node('Round', [graph.node('Div', [clipped, unit], `${name}.scaled`)], `${name}.level`);
  return graph.node('Mul', [level, unit], name);
}
