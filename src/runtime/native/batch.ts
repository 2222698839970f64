/** Each image is a mix of two: how much the loss counts its first label, and what the second one is. */
export interface Mix {
  share: number;
  labels: number[];
}

/** Images and labels held natively. */
export interface NativeBatch {
  readonly size: number;
  /** [count, channels, height, width]. */
  readonly shape: [number, number, number, number];
  labels(): BigInt64Array;
  /** Of images mixed by mixup or cutmix; null otherwise. */
  mix(): Mix | null;
  /** Normalized images, [N, C, H, W]. */
  images(): Float32Array;
  dispose(): void;
}

export interface BatchSource {
  /** uint8 pixels in NHWC order, or float32 images in NCHW order, taken as they are. */
  images: Uint8Array | Float32Array;
  shape: [number, number, number, number];
  labels: ArrayLike<number>;
  /** Absent: images are not mixed. */
  mix?: Mix;
  /** Per channel, in units of 0..1; only used for uint8 pixels. */
  mean?: number[];
  std?: number[];
}
