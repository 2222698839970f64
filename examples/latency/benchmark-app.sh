#!/usr/bin/env bash
# Times an ONNX file with OpenVINO's benchmark_app. A runner:
#
#   singlepath latency measure --space spos-shufflenet-v2 --device 'Core i7, OpenVINO' \
#       --runner 'examples/latency/benchmark-app.sh {onnx} {shape}' --out openvino.lut
set -euo pipefail
file=$1 shape=${2//x/,}
# "[ INFO ]    Median:        1.23 ms"
benchmark_app -m "$file" -shape "[$shape]" -hint none -api sync -nstreams 1 -t 2 |
  sed -n 's/.*Median: *\([0-9.]*\) ms.*/\1 ms/p' | tail -1
