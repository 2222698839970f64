import * as nn from '../../graph/build.js';
import type { Activation } from '../../graph/node/activations.js';

/** That of MobileNetV2's blocks. */
export const MB_CONV_ACTIVATION: Activation = 'relu6';

export interface MbConvOptions {
  input: number;
  output: number;
  kernel: number;
  stride: number;
  /** Hidden width as a multiple of the input's, rounded. */
  expansion: number;
  /** Default `relu6`, as in MobileNetV2. */
  activation?: Activation;
  /** Groups of the 1x1 convolutions, with a channel shuffle after the first. Default 1. */
  groups?: number;
  /** Whether a 1x1 convolution expands the input even by a factor of 1. Default false. */
  alwaysExpand?: boolean;
  /** Squeeze-and-excite behind the depthwise convolution, as in MobileNetV3. Default false. */
  squeezeExcite?: boolean;
}

/**
 * Inverted residual of MobileNetV2 (arXiv 1801.04381): 1x1 expand, depthwise, 1x1 project without activation; the
 * input is added where stride and width allow.
 */
export function mbConv(options: MbConvOptions): nn.Module {
  const { input, output, kernel, stride, expansion, groups = 1 } = options;
  const { activation = MB_CONV_ACTIVATION, alwaysExpand = false, squeezeExcite = false } = options;
  const hidden = Math.round(input * expansion);
  const act = nn.activation(activation);
  const expand = [nn.conv2d({ out: hidden, groups, init: 'he' }), nn.batchNorm(), act];
  const shuffle = groups > 1 ? [nn.channelShuffle(groups)] : [];
  const main = nn.sequential(
    'main',
    ...(expansion > 1 || alwaysExpand ? [...expand, ...shuffle] : []),
    nn.depthwise({ kernel, stride, init: 'he' }),
    nn.batchNorm(),
    act,
    ...(squeezeExcite ? [nn.squeezeExcite({ channels: hidden })] : []),
    nn.conv2d({ out: output, groups, init: 'he' }),
    nn.batchNorm(),
  );
  return keepsShape(options) ? nn.residual(main) : main;
}

/** Whether a block may be skipped or added to: same width and size. */
export function keepsShape({
  input,
  output,
  stride,
}: {
  input: number;
  output: number;
  stride: number;
}): boolean {
  return stride === 1 && input === output;
}

/** k x k convolution, BatchNorm, activation, as `nn.Sequential` items. */
export function convNormAct(
  out: number,
  options: { kernel?: number; stride?: number; activation: Activation },
): [nn.Module, nn.Module, nn.Module] {
  const { activation, ...window } = options;
  return [nn.conv2d({ out, ...window, init: 'he' }), nn.batchNorm(), nn.activation(activation)];
}

/** A row of a table of stages: blocks of one width, the first with a stride. */
export interface Place {
  input: number;
  output: number;
  stride: number;
}

/** One entry per block of a table of (width, repeats, stride of the first). */
export function placesOf(
  input: number,
  stages: readonly (readonly [width: number, repeat: number, stride: number])[],
): Place[] {
  let previous = input;
  return stages.flatMap(([output, repeat, firstStride]) =>
    Array.from({ length: repeat }, (_, i) => {
      const place = { input: previous, output, stride: i === 0 ? firstStride : 1 };
      previous = output;
      return place;
    }),
  );
}
