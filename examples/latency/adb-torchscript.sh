#!/usr/bin/env bash
# Times a TorchScript file on an Android phone with PyTorch's speed_benchmark_torch. A runner:
#
#   singlepath latency measure --space spos-shufflenet-v2 --device 'Pixel 8' \
#       --runner 'examples/latency/adb-torchscript.sh {torchscript} {shape}' --out phone.lut
#
# Set up once: build speed_benchmark_torch (scripts/build_android.sh in PyTorch's sources) and
# `adb push speed_benchmark_torch /data/local/tmp/`.
set -euo pipefail
file=$1 shape=${2//x/,}
adb push "$file" /data/local/tmp/network.pt > /dev/null
output=$(adb shell /data/local/tmp/speed_benchmark_torch --model=/data/local/tmp/network.pt --input_dims="$shape" \
  --input_type=float --warmup=20 --iter=100 --caffe2_threadpool_force_inline=true)
# "Main run finished. Microseconds per iter: 12345.6. Iters per second: …"
echo "$output" | sed -n 's/.*Microseconds per iter: \([0-9.]*[0-9]\).*/\1 us/p' | tail -1
