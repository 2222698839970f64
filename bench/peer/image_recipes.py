#!/usr/bin/env python3
"""RandomResizedCrop(224) + flip + normalize as Pillow with torchvision's transforms, or torchvision v2, does it.

    image_recipes.py pillow|v2|pillow-jitter|v2-jitter FOLDER COUNT SIZE     prints { cpu, wall } in images per second
"""
import io
import json
import pathlib
import sys
import time

import torch

torch.set_num_threads(1)
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def pillow(size, jitter):
    from PIL import Image
    from torchvision import transforms as T

    transform = T.Compose(
        [T.RandomResizedCrop(size)]
        + ([T.ColorJitter(0.4, 0.4, 0.4)] if jitter else [])
        + [T.RandomHorizontalFlip(), T.ToTensor(), T.Normalize(MEAN, STD)]
    )
    return lambda data: transform(Image.open(io.BytesIO(data)).convert("RGB"))


def v2(size, jitter):
    from torchvision.io import ImageReadMode, decode_jpeg
    from torchvision.transforms import v2 as T

    transform = T.Compose(
        [T.RandomResizedCrop(size, antialias=True)]
        + ([T.ColorJitter(0.4, 0.4, 0.4)] if jitter else [])
        + [T.RandomHorizontalFlip(), T.ToDtype(torch.float32, scale=True), T.Normalize(MEAN, STD)]
    )
    return lambda data: transform(decode_jpeg(torch.frombuffer(data, dtype=torch.uint8), mode=ImageReadMode.RGB))


def main():
    recipe, folder, count, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    name, _, jitter = recipe.partition("-")
    prepare = {"pillow": pillow, "v2": v2}[name](size, bool(jitter))
    suffixes = {".jpg", ".jpeg", ".png"}
    paths = sorted(path for path in pathlib.Path(folder).rglob("*") if path.suffix.lower() in suffixes)
    images = [bytearray(path.read_bytes()) for path in paths]
    for data in images[:20]:
        prepare(data)
    rounds = -(-count // len(images))
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(rounds):
        for data in images:
            prepare(data)
    done = rounds * len(images)
    print(json.dumps({"cpu": done / (time.process_time() - cpu), "wall": done / (time.perf_counter() - wall)}))


if __name__ == "__main__":
    main()
