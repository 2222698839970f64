#!/usr/bin/env python3
"""Times a TorchScript file with PyTorch: a runner for singlepath latency measure.

    singlepath latency measure --space spos-shufflenet-v2 --device 'this machine, PyTorch' \
        --runner 'examples/latency/time-torchscript.py {torchscript} {shape}' --out pytorch.lut

The last line it prints is the median in milliseconds.
"""
import statistics
import sys
import time

import torch


def main(path: str, shape: str, threads: int = 1) -> None:
    torch.set_num_threads(threads)
    network = torch.jit.freeze(torch.jit.load(path).eval())
    images = torch.randn(*map(int, shape.split("x"))).to(memory_format=torch.channels_last)
    samples = []
    with torch.inference_mode():
        warm = time.perf_counter() + 0.5
        calls = 0
        while time.perf_counter() < warm or calls < 20:
            network(images)
            calls += 1
        end = time.perf_counter() + 1.0
        while time.perf_counter() < end or len(samples) < 20:
            start = time.perf_counter()
            network(images)
            samples.append(1e3 * (time.perf_counter() - start))
    print(statistics.median(samples))


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:4]))
