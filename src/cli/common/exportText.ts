import type { ExportResult } from '../../export/exportSubnet.js';
import type { Parity } from '../../export/parity.js';
import { formatPercent } from '../../report/format.js';

/** One line on how far the exported network is from the one it was made of. */
export function describeParity(parity: Parity): string {
  const { difference, largestLogit, images, relative, tolerance, agreement } = parity;
  const number = (value: number): string => value.toExponential(1);
  return (
    `parity on ${images} ${images === 1 ? 'image' : 'images'}: logits differ by at most ${number(difference)} of ${largestLogit.toFixed(2)} ` +
    `(${number(relative)} relative, ${number(tolerance)} allowed)` +
    (relative > tolerance ? `; quantized: the same class for ${formatPercent(agreement)} of the images` : '')
  );
}

/** A line for each file that was compared. */
export function describeParities({ parity, onnxParity, files }: ExportResult): string[] {
  const lines = [`TorchScript ${describeParity(parity)}`];
  if (onnxParity !== undefined) lines.push(`ONNX ${describeParity(onnxParity)}`);
  else if (files.onnx !== undefined) {
    lines.push('ONNX parity was not checked: npm install onnxruntime-node to have it checked');
  }
  return lines;
}
