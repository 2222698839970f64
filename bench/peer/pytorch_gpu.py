#!/usr/bin/env python3
"""PyTorch on one GPU, the same supernet and paths: eager and compiled settings a user could choose, and the card's own
ceilings. Prints one line a measurement as soon as it is there. --modes, --cases, --seconds limit it."""
import argparse, json, statistics, time
import torch, torch.nn as nn, torch.nn.functional as F

STEM, LAST, STAGES = 16, 1024, ((4, 64), (4, 160), (8, 320), (4, 640))

def conv_bn(cin, cout, k, stride=1, groups=1, relu=True):
    # BatchNorm without the counter of batches, which costs a launch a layer and which nobody reads
    bn = nn.BatchNorm2d(cout, affine=False); bn.num_batches_tracked = None
    layers = [nn.Conv2d(cin, cout, k, stride, k // 2, groups=groups, bias=False), bn]
    return layers + [nn.ReLU(inplace=True)] if relu else layers

class Choice(nn.Module):
    def __init__(self, cin, cout, mid, choice, stride):
        super().__init__()
        out, self.stride = cout - cin, stride
        if choice < 3:
            k = 3 + 2 * choice
            main = conv_bn(cin, mid, 1) + conv_bn(mid, mid, k, stride, mid, False) + conv_bn(mid, out, 1)
        else:
            k, main, c = 3, [], cin
            for i, o in enumerate((mid, mid, out)):
                main += conv_bn(c, c, 3, stride if i == 0 else 1, c, False) + conv_bn(c, o, 1); c = o
        self.main = nn.Sequential(*main)
        if stride == 2: self.proj = nn.Sequential(*(conv_bn(cin, cin, k, 2, cin, False) + conv_bn(cin, cin, 1)))
    def forward(self, x):
        if self.stride == 2: return torch.cat((self.proj(x), self.main(x)), 1)
        return torch.cat((x[:, 0::2], self.main(x[:, 1::2])), 1)

class Supernet(nn.Module):
    def __init__(self, classes=100):
        super().__init__()
        self.stem, self.layers, width = nn.Sequential(*conv_bn(3, STEM, 3, 2)), nn.ModuleList(), STEM
        for repeat, out in STAGES:
            for i in range(repeat):
                stride = 2 if i == 0 else 1
                cin = width if stride == 2 else width // 2
                self.layers.append(nn.ModuleList(Choice(cin, out, out // 2, c, stride) for c in range(4))); width = out
        self.last, self.fc = nn.Sequential(*conv_bn(width, LAST, 1)), nn.Linear(LAST, classes, bias=False)
    def forward(self, x, path):
        x = self.stem(x)
        for layer, c in zip(self.layers, path): x = layer[c](x)
        return self.fc(self.last(x).mean((2, 3)))

def build(mode, device):
    torch.manual_seed(0)
    net = Supernet().to(device)
    if 'nhwc' in mode: net = net.to(memory_format=torch.channels_last)
    if 'compile' in mode:
        torch._dynamo.config.recompile_limit = torch._dynamo.config.cache_size_limit = 512
        torch._dynamo.config.accumulated_recompile_limit = 4096
        how = {'compile': None, 'compile-graphs': 'reduce-overhead', 'compile-tune': 'max-autotune'}[next(p for p in mode.split('+') if p.startswith('compile'))]
        for layer in net.layers:
            for c in range(4): layer[c].compile(mode=how, dynamic=False) if how else layer[c].compile(dynamic=False)
    return net

def run(mode, batch, size, a):
    device, bf16 = a.device, 'bf16' in mode
    torch.backends.cudnn.benchmark = 'bench' in mode
    torch.backends.cudnn.allow_tf32 = 'tf32' in mode
    net = build(mode, device)
    fmt = torch.channels_last if 'nhwc' in mode else torch.contiguous_format
    opt = torch.optim.SGD(net.parameters(), lr=.05, momentum=.9, weight_decay=4e-5, foreach=True)
    gen = torch.Generator().manual_seed(0)
    paths = torch.randint(0, 4, (4096, 20), generator=gen).tolist()
    host = [torch.randint(0, 256, (batch, 3, size, size), dtype=torch.uint8).to(memory_format=fmt) for _ in range(2)]
    if device != 'cpu': host = [x.pin_memory() for x in host]
    labels = [torch.randint(0, 100, (batch,), device=device) for _ in range(2)]
    sync = torch.cuda.synchronize if device != 'cpu' else (lambda: None)
    def step(i, path):
        x = host[i % 2].to(device, non_blocking=True).float().sub_(114).mul_(1 / 57)
        opt.zero_grad(set_to_none=True)
        with torch.autocast(device, torch.bfloat16, enabled=bf16): y = net(x, path)
        loss = F.cross_entropy(y.float(), labels[i % 2], label_smoothing=.1)
        loss.backward(); opt.step()
        return loss
    start = time.time()
    for c in range(4):
        for _ in range(3 if 'graphs' in mode else 1): step(0, [c] * 20)  # every block once (graphs record on later calls)
    for i in range(a.warmup): step(i, paths[i])
    sync(); warm = time.time() - start
    times = []
    for i in range(a.steps):
        t = time.perf_counter(); step(i, paths[a.warmup + i]).item(); times.append(time.perf_counter() - t)
    sync(); t = time.perf_counter()  # without waiting each step, as a careful user writes it
    for i in range(a.steps): step(i, paths[i])
    sync(); free = (time.perf_counter() - t) / a.steps
    peak = torch.cuda.max_memory_allocated() / 2**30 if device != 'cpu' else 0
    med = statistics.median(times)
    print(f"peer {mode:32} batch {batch} size {size}: step {med*1e3:8.2f} ms with .item(), {free*1e3:8.2f} without, {batch/free:7.0f} images/s, peak {peak:.1f} GiB, warm-up {warm:.0f} s", flush=True)
    if a.candidates:
        bns = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
        def candidate(path):  # recalibrated on four batches, validated on four
            net.train()
            for m in bns: m.num_batches_tracked = torch.zeros((), dtype=torch.long, device=device); m.reset_running_stats(); m.momentum = None
            right = 0
            with torch.no_grad(), torch.autocast(device, torch.bfloat16, enabled=bf16):
                load = lambda i: host[i % 2].to(device, non_blocking=True).float().sub_(114).mul_(1 / 57)
                for i in range(4): net(load(i), path)
                net.eval()
                for i in range(4): right += (net(load(i), path).argmax(1) == labels[i % 2]).sum()
            return right.item()
        candidate(paths[0]); t = time.perf_counter()
        for i in range(a.candidates): candidate(paths[i + 1])
        print(f"peer {mode:32} batch {batch} size {size}: candidate of 8 batches {(time.perf_counter() - t) / a.candidates * 1e3:8.2f} ms", flush=True)
        net.train()
        for m in bns: m.num_batches_tracked = None; m.momentum = .1
    if a.profile and device != 'cpu' and mode.startswith('eager'):
        from torch.profiler import profile, ProfilerActivity
        with profile(activities=[ProfilerActivity.CUDA, ProfilerActivity.CPU]) as prof:
            for i in range(5): step(i, paths[i])
            sync()
        kernels = [e for e in prof.events() if e.device_type == torch.autograd.DeviceType.CUDA]
        busy = sum(e.time_range.elapsed_us() for e in kernels) / 5 / 1e3
        print(f"     kernels a step {len(kernels)/5:.0f}, GPU busy {busy:.2f} ms", flush=True)
        table = prof.key_averages().table(sort_by='cuda_time_total', row_limit=14, max_name_column_width=60)
        open(f"{a.out}/profile-{mode}-{batch}-{size}.txt", 'w').write(table)

def ceilings():
    n = 1 << 30
    a, b = torch.empty(n, dtype=torch.uint8, device='cuda'), torch.empty(n, dtype=torch.uint8, device='cuda')
    s, e = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    def timed(f, k=10):
        for _ in range(3): f()
        s.record(); [f() for _ in range(k)]; e.record(); torch.cuda.synchronize(); return s.elapsed_time(e) / k / 1e3
    copy = 2 * n / timed(lambda: b.copy_(a)) / 1e12
    host = torch.empty(1 << 28, dtype=torch.uint8); pinned = host.pin_memory(); d = torch.empty_like(host, device='cuda')
    up, slow = (1 << 28) / timed(lambda: d.copy_(pinned, non_blocking=True)) / 1e9, (1 << 28) / timed(lambda: d.copy_(host)) / 1e9
    z = torch.zeros(1, device='cuda'); t = time.perf_counter(); [z.add_(1) for _ in range(2000)]; launch = (time.perf_counter() - t) / 2000 * 1e6; torch.cuda.synchronize()
    print(f"card {torch.cuda.get_device_name()}: copy {copy:.2f} TB/s, upload pinned {up:.1f} GB/s, pageable {slow:.1f} GB/s, launch from Python {launch:.1f} us", flush=True)

if __name__ == '__main__':
    import os
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--modes', default='eager,eager+nhwc+bf16,eager+nhwc+bf16+bench,compile+nhwc+bf16,compile-graphs+nhwc+bf16')
    p.add_argument('--cases', default='64x96,256x224'); p.add_argument('--device', default='cuda')
    p.add_argument('--candidates', type=int, default=6)
    p.add_argument('--steps', type=int, default=30); p.add_argument('--warmup', type=int, default=10)
    p.add_argument('--seconds', type=float, default=190); p.add_argument('--profile', action='store_true'); p.add_argument('--out', default=os.environ.get('OUT', '/tmp'))
    a = p.parse_args()
    begin = time.time()
    if a.device == 'cuda':
        if not torch.cuda.is_available(): print('skipped: no CUDA device'); raise SystemExit
        ceilings()
    for mode in a.modes.split(','):
        for case in a.cases.split(','):
            if time.time() - begin > a.seconds: print('out of time before', mode, case); continue
            try: run(mode, *map(int, case.split('x')), a)
            except Exception as error: print('peer', mode, case, 'failed:', str(error)[:300], flush=True)
            torch.cuda.empty_cache() if a.device == 'cuda' else None
