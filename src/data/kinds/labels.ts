import { expected } from '../../core/errors.js';

/** The labels `of` what a program gives. An Int32Array takes anything for a number: holes become 0, large numbers wrap. */
export function checkedLabels(labels: ArrayLike<number>, of: string): Int32Array {
  if (!Number.isInteger(labels?.length) || typeof labels === 'string') {
    throw expected('an array of class numbers', `the labels of ${of}`, labels);
  }
  return Int32Array.from({ length: labels.length }, (_, i) => {
    const label = labels[i]!;
    if (Number.isInteger(label) && label >= 0 && label < 2 ** 31) return label;
    throw expected('an integer from 0 to 2^31 - 1', `label ${i} of ${of}`, label);
  });
}
