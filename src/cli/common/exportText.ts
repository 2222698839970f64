import type { Parity } from '../../export/parity.js';

/** One line on how far the exported network is from the one it was made of. */
export function describeParity({ difference, largestLogit, images, relative, tolerance }: Parity): string {
  const number = (value: number): string => value.toExponential(1);
  return (
    `parity on ${images} images: logits differ by at most ${number(difference)} of ${largestLogit.toFixed(2)} ` +
    `(${number(relative)} relative, ${number(tolerance)} allowed)`
  );
}
