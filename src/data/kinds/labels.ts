import { expected } from '../../core/errors.js';

/** Labels are below it, as those of files are (native/data/sources/label_file.h): what counts classes has a place for each. */
const MOST_CLASSES = 1_000_000;

/** The labels `of` what a program gives. An Int32Array takes anything for a number: holes become 0, large numbers wrap. */
export function checkedLabels(labels: ArrayLike<number>, of: string): Int32Array {
  if (!Number.isInteger(labels?.length) || typeof labels === 'string') {
    throw expected('an array of class numbers', `the labels of ${of}`, labels);
  }
  return Int32Array.from({ length: labels.length }, (_, i) => {
    const label = labels[i]!;
    if (Number.isInteger(label) && label >= 0 && label < MOST_CLASSES) return label;
    throw expected(`an integer from 0 to ${MOST_CLASSES - 1}`, `label ${i} of ${of}`, label);
  });
}
