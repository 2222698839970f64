/**
 * Published statistics of training sets, RGB. For any number of channels: `half` maps 0..1 to -1..1, `bytes` keeps 0..255
 * (what the released SPOS models take, in BGR).
 */
export const normalizationPresets = {
  'fashion-mnist': { mean: [0.286], std: [0.353] },
  mnist: { mean: [0.1307], std: [0.3081] },
  cifar: { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] },
  imagenet: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  half: { mean: [0.5], std: [0.5] },
  bytes: { mean: [0], std: [1 / 255] },
};

export type Preset = keyof typeof normalizationPresets;

export const PRESETS = Object.keys(normalizationPresets) as Preset[];
