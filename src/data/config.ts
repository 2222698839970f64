import type { Preset } from './normalize.js';

export type Split = 'train' | 'test';

/** Images given as bytes. */
export interface ArraySource {
  /** NHWC order. */
  pixels: Uint8Array;
  /** [count, channels, height, width]. */
  shape: readonly [number, number, number, number];
  /** One class number per image, from 0. */
  labels: ArrayLike<number>;
}

interface CommonConfig {
  /**
   * Mean and standard deviation per channel, in units of 0..1 and in the channel order of the images: given, the
   * published ones of a known data set, or (`auto`, the default) computed from the training images.
   */
  normalize?: 'auto' | Preset | { mean: number[]; std: number[] };
  /** Order of the three channels of colour images. Default `rgb`, as in the files. */
  channelOrder?: 'rgb' | 'bgr';
}

/** A data set to open. */
export type DatasetConfig = CommonConfig &
  (
    | {
        /** 60,000 + 10,000 images where Debian's dataset-fashion-mnist is installed, else 10,000 + 2,000. */
        kind: 'fashion-mnist';
        /** Folder of the four IDX files; null looks in the known places. */
        path?: string | null;
      }
    | {
        /** Grey images in four IDX files, gzip or plain, named as MNIST's. */
        kind: 'idx' | 'mnist';
        path: string;
      }
    | {
        /** The binary version of CIFAR: the folder of the .bin files, or the one above it. */
        kind: 'cifar10' | 'cifar100';
        path: string;
      }
    | { kind: 'arrays'; train: ArraySource; test?: ArraySource }
    | {
        /** Learnable images made up from a seed: plane waves per class, shifted, with noise. */
        kind: 'synthetic';
        /** [channels, height, width]; default [1, 28, 28]. */
        shape?: readonly [number, number, number];
        /** Default 10. */
        classes?: number;
        /** Number of images; default 1000. */
        trainImages?: number;
        /** Number of images; default 200. */
        testImages?: number;
        /** Default 0. */
        seed?: number;
      }
  );

export type DatasetKind = DatasetConfig['kind'];
