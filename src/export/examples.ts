import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../core/files.js';
import { ARCHITECTURE_FILE, type ArchitectureFile } from './architectureFile.js';

/** The programs that an export can have beside it. */
export const EXAMPLES = ['example.py', 'example.mjs'];

/** Programs that load an exported network and name the class of a picture, by file name. */
export function exampleLoaders({ input, data }: ArchitectureFile): Record<string, string> {
  const { channels, size, mean = [], std = [], channelOrder = 'rgb' } = input;
  const cut = cutOut(size, data?.resize ?? undefined);
  const upright = data?.upright ?? true;
  const grey = channels === 1;
  const swapped = channelOrder === 'bgr';
  return {
    'example.py': `# python3 example.py picture.jpg; needs: pip install onnxruntime pillow numpy
import json, pathlib, sys
import numpy, onnxruntime
from PIL import Image, ImageOps

here = pathlib.Path(__file__).parent
about = json.loads((here / "architecture.json").read_text())
session = onnxruntime.InferenceSession(here / "network.onnx")
image = ${upright ? 'ImageOps.exif_transpose(Image.open(sys.argv[1]))' : 'Image.open(sys.argv[1])'}.convert("${grey ? 'L' : 'RGB'}")
${cut.python}
pixels = numpy.asarray(image, numpy.float32).reshape(${size}, ${size}, ${channels})${swapped ? '[:, :, ::-1]' : ''} / 255
pixels = (pixels - ${JSON.stringify(mean)}) / ${JSON.stringify(std)}
logits = session.run(None, {"images": pixels.transpose(2, 0, 1)[None].astype(numpy.float32)})[0][0]
best = int(logits.argmax())
print(about.get("classNames", range(len(logits)))[best], logits[best])
`,
    'example.mjs': `// node example.mjs picture.jpg; needs: npm install onnxruntime-node sharp
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ort from 'onnxruntime-node';
import sharp from 'sharp';

const about = JSON.parse(readFileSync(new URL('architecture.json', import.meta.url)));
const session = await ort.InferenceSession.create(fileURLToPath(new URL('network.onnx', import.meta.url)));
const image = sharp(process.argv[2])${upright ? '.rotate()' : ''}.removeAlpha().toColourspace('${grey ? 'b-w' : 'srgb'}');
${cut.node}
const bytes = await image.raw().toBuffer();
const [mean, std] = [${JSON.stringify(mean)}, ${JSON.stringify(std)}];
const pixels = new Float32Array(${channels} * ${size} * ${size});
for (let c = 0; c < ${channels}; c++) {
  for (let i = 0; i < ${size} * ${size}; i++) {
    pixels[c * ${size} * ${size} + i] = (bytes[i * ${channels} + ${swapped ? `${channels} - 1 - c` : 'c'}] / 255 - mean[c]) / std[c];
  }
}
const { logits } = await session.run({ images: new ort.Tensor('float32', pixels, [1, ${channels}, ${size}, ${size}]) });
const best = logits.data.indexOf(Math.max(...logits.data));
console.log(about.classNames?.[best] ?? best, logits.data[best]);
`,
  };
}

/** Lines of Python and of JavaScript that cut an image out as test images are (native/data/placement.cc): by data.resize, if given. */
function cutOut(size: number, resize: number | undefined): { python: string; node: string } {
  const side = Math.max(size, resize ?? Math.round((size * 8) / 7));
  const margin = side - size;
  const left = margin % 2 === 0 ? margin / 2 : 2 * Math.round(margin / 4); // halves to the even pixel
  const python = [
    `image = ImageOps.fit(image, (${side}, ${side}), Image.BILINEAR)`,
    `image = image.crop((${left}, ${left}, ${left + size}, ${left + size}))`,
  ];
  const node = `image.resize(${side}, ${side}, { fit: 'cover' }).extract({ left: ${left}, top: ${left}, width: ${size}, height: ${size} });`;
  if (resize !== undefined) return { python: python.join('\n'), node };
  return {
    python: [`if image.size != (${size}, ${size}):`, ...python.map((line) => `    ${line}`)].join('\n'),
    node: `const { width, height } = await image.metadata();\nif (width !== ${size} || height !== ${size})\n  ${node}`,
  };
}

/**
 * The programs of an earlier export in a folder, which have its mean, deviation and size in them: those that are as they were
 * written, and those that somebody has changed. To be asked before the folder has the files of another network.
 */
export function examplesIn(directory: string): { unchanged: string[]; changed: string[] } {
  const known = loadersOf(textOf(join(directory, ARCHITECTURE_FILE)));
  const [unchanged, changed]: string[][] = [[], []];
  for (const name of EXAMPLES) {
    const text = textOf(join(directory, name));
    if (text !== undefined) (text === known[name] ? unchanged : changed)!.push(name);
  }
  return { unchanged: unchanged!, changed: changed! };
}

/** Writes programs into the folder of an export; without an ONNX file, which they load, those of an earlier one are removed. */
export async function writeExamples(
  directory: string,
  names: readonly string[],
  about: ArchitectureFile | undefined,
): Promise<void> {
  const sources = about && exampleLoaders(about);
  for (const name of names) {
    const file = join(directory, name);
    if (sources === undefined) await rm(file, { force: true });
    else await writeDurably(file, [sources[name]!]);
  }
}

/** What an export with this description has written; nothing where it cannot be read. */
function loadersOf(description: string | undefined): Record<string, string> {
  try {
    return exampleLoaders(JSON.parse(description ?? '') as ArchitectureFile);
  } catch {
    return {};
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
