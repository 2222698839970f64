#!/usr/bin/env bash
# Times a TorchScript file on another machine (a Raspberry Pi, a Jetson) that has Python and PyTorch. A runner:
#
#   singlepath latency measure --space spos-shufflenet-v2 --device 'Raspberry Pi 4' \
#       --runner 'examples/latency/over-ssh.sh pi@pi.local {torchscript} {shape}' --out pi.lut
#
# Set up once: a key for ssh, and `scp examples/latency/time-torchscript.py pi@pi.local:`.
set -euo pipefail
host=$1 file=$2 shape=$3
scp -q "$file" "$host:singlepath-network.pt"
ssh "$host" python3 time-torchscript.py singlepath-network.pt "$shape"
