#!/usr/bin/env bash
# Times an ONNX file with TensorRT's trtexec (a GPU, a Jetson). A runner:
#
#   singlepath latency measure --space spos-shufflenet-v2 --device 'Jetson Orin' \
#       --runner 'examples/latency/trtexec.sh {onnx} {shape}' --out orin.lut
set -euo pipefail
file=$1 shape=$2
# "GPU Compute Time: min = 0.51 ms, max = 0.63 ms, mean = 0.53 ms, median = 0.52 ms, percentile(90%) = …"
trtexec --onnx="$file" --shapes=images:"$shape" --fp16 --warmUp=500 --duration=2 --useCudaGraph |
  sed -n 's/.*GPU Compute Time: .*median = \([0-9.]*\) ms.*/\1 ms/p' | tail -1
