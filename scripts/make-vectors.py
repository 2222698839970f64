#!/usr/bin/env python3
"""Makes test/vectors/*.json: what plain PyTorch computes for the networks in test/native/networks.ts.

    python3 scripts/make-vectors.py                      # all files, into test/vectors
    python3 scripts/make-vectors.py --out DIR --seed 1 --only ops,shufflenet

Each class below is the PyTorch twin of the space of the same name; parameter names agree because spaces use
PyTorch's naming. Quantizers have their gradients written out by hand. Tensors are { shape, base64 of float32 }.
"""
import argparse
import base64
import json
import math
import os
import re
import zlib

import torch
import torch.nn as nn
import torch.nn.functional as F


def encode(tensor):
    tensor = tensor.detach().float().contiguous()
    data = bytes(tensor.flatten().view(torch.uint8).tolist()) if tensor.numel() else b""
    return {"shape": list(tensor.shape), "base64": base64.b64encode(data).decode()}


def encode_all(named):
    return {name: encode(tensor) for name, tensor in named}


# Quantizers -----------------------------------------------------------------------------------------------------


class DorefaWeight(torch.autograd.Function):
    """DoReFa-Net (arXiv 1606.06160), equations 7-9; 1 bit: sign times mean magnitude, gradient passed on."""

    @staticmethod
    def forward(context, w, bits):
        context.bits = bits
        context.save_for_backward(w)
        if bits == 1:
            return torch.where(w >= 0, 1.0, -1.0) * w.abs().mean()
        n = 2**bits - 1
        t = torch.tanh(w)
        unit = t / (2 * t.abs().max()) + 0.5
        far_from_ties(unit * n)
        return 2 * torch.round(unit * n) / n - 1

    @staticmethod
    def backward(context, gradient):
        (w,) = context.saved_tensors
        if context.bits == 1:
            return gradient, None
        # y = t / m with t = tanh(w), m = max|t|: dy/dw = (1 - t^2) / m, and m itself depends on the largest weight.
        t = torch.tanh(w)
        m = t.abs().max()
        dt = gradient / m
        largest = t.abs().flatten().argmax()
        flat = dt.flatten().clone()
        flat[largest] -= (gradient * t).sum() / m**2 * t.flatten()[largest].sign()
        return flat.view_as(w) * (1 - t * t), None


class Pact(torch.autograd.Function):
    """PACT (arXiv 1805.06085), equations 1-3."""

    @staticmethod
    def forward(context, x, alpha, bits):
        context.save_for_backward(x, alpha)
        clipped = 0.5 * (x.abs() - (x - alpha).abs() + alpha)
        n = 2**bits - 1
        far_from_ties(clipped * n / alpha, inside=(x > 0) & (x < alpha))
        return torch.round(clipped * n / alpha) * alpha / n

    @staticmethod
    def backward(context, gradient):
        x, alpha = context.saved_tensors
        return (gradient * ((x > 0) & (x < alpha)), (gradient * (x >= alpha)).sum().view_as(alpha), None)


class Lsq(torch.autograd.Function):
    """
    LSQ (arXiv 1902.08153), equations 1-5; low and high are -Q_N and Q_P. One bit: {-1, 1} with Q_P = 1. `count`
    (section 2.2): the weights of the layer, or its features for one image.
    """

    @staticmethod
    def forward(context, v, s, low, high, binary, count):
        context.limits = (low, high, binary, count)
        context.save_for_backward(v, s)
        u = v / s
        if binary:
            return torch.where(u >= 0, 1.0, -1.0) * s
        far_from_ties(u, inside=(u > low) & (u < high))
        return torch.round(u.clamp(low, high)) * s

    @staticmethod
    def backward(context, gradient):
        v, s = context.saved_tensors
        low, high, binary, count = context.limits
        u = v / s
        inside = (u > low) & (u < high)
        quantized = torch.where(u >= 0, 1.0, -1.0) if binary else torch.round(u.clamp(low, high))
        ds = torch.where(inside, quantized - u, quantized)
        scale = 1 / math.sqrt(count * high)
        return gradient * inside, ((gradient * ds).sum() * scale).view_as(s), None, None, None, None


def far_from_ties(scaled, inside=None):
    """Rounding must not depend on the last bit of its input, which differs between builds of libtorch."""
    distance = (scaled - scaled.floor() - 0.5).abs()
    if inside is not None:
        distance = distance[inside]
    assert distance.numel() == 0 or distance.min() > 1e-5, "choose another seed: a value is on a rounding tie"


# Words ----------------------------------------------------------------------------------------------------------


class Fn(nn.Module):
    def __init__(self, fn):
        super().__init__()
        self.fn = fn

    def forward(self, x):
        return self.fn(x)


def conv(cin, cout, kernel=1, stride=1, padding=None, groups=1, bias=False):
    padding = kernel // 2 if padding is None else padding
    return nn.Conv2d(cin, cout, kernel, stride, padding, groups=groups, bias=bias)


def norm(channels, affine=True, **options):
    return nn.BatchNorm2d(channels, affine=affine, **options)


def shuffle(groups):
    def apply(x):
        n, c, h, w = x.shape
        return x.view(n, groups, c // groups, h, w).transpose(1, 2).reshape(n, c, h, w)

    return Fn(apply)


class Concat(nn.Module):
    def __init__(self, **branches):
        super().__init__()
        for name, branch in branches.items():
            self.add_module(name, branch)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.children()], 1)


class Residual(nn.Module):
    def __init__(self, main, shortcut=None):
        super().__init__()
        self.main = main
        if shortcut is not None:
            self.shortcut = shortcut

    def forward(self, x):
        return self.main(x) + (self.shortcut(x) if hasattr(self, "shortcut") else x)


class SqueezeExcite(nn.Module):
    def __init__(self, channels, squeeze, act, gate):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(channels, squeeze, 1), nn.Conv2d(squeeze, channels, 1)
        self.act, self.gate = act, gate

    def forward(self, x):
        return x * self.gate(self.fc2(self.act(self.fc1(x.mean((2, 3), keepdim=True)))))


class Chain(nn.Module):
    """Named parts one after another; `flatten` stands before the linear layer."""

    def __init__(self, **parts):
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, x):
        for part in self.children():
            x = part(x.flatten(1) if isinstance(part, nn.Linear) else x)
        return x


class Choices(nn.ModuleList):
    """A choice layer; the architecture is set by `use`."""

    chosen = 0

    def forward(self, x):
        return self[self.chosen](x)


class SlicedConv(nn.Module):
    """weight[:out, :in]; `widths` are the values of the width gene, None keeps the full output."""

    chosen = None

    def __init__(self, cin, cout, kernel=1, depthwise=False, bias=False, widths=None):
        super().__init__()
        self.depthwise, self.widths, self.kernel = depthwise, widths, kernel
        self.weight = nn.Parameter(torch.empty(cout, 1 if depthwise else cin, kernel, kernel))
        if bias:
            self.bias = nn.Parameter(torch.empty(cout))

    def forward(self, x):
        out = x.shape[1] if self.depthwise else self.widths[self.chosen] if self.widths else self.weight.shape[0]
        weight = self.weight[:out] if self.depthwise else self.weight[:out, : x.shape[1]]
        bias = self.bias[:out] if hasattr(self, "bias") else None
        return F.conv2d(x, weight, bias, 1, self.kernel // 2, groups=x.shape[1] if self.depthwise else 1)


class SlicedNorm(nn.Module):
    def __init__(self, channels, affine=True):
        super().__init__()
        if affine:
            self.weight = nn.Parameter(torch.empty(channels))
            self.bias = nn.Parameter(torch.empty(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x):
        c = x.shape[1]
        affine = (self.weight[:c], self.bias[:c]) if hasattr(self, "weight") else (None, None)
        return F.batch_norm(x, self.running_mean[:c], self.running_var[:c], *affine, self.training, 0.1, 1e-5)


class QuantizedConv(nn.Conv2d):
    """`bits` are the values of the bits gene."""

    chosen = 0

    def __init__(self, cin, cout, kernel, method, bits):
        super().__init__(cin, cout, kernel, 1, kernel // 2, bias=False)
        self.method, self.bits = method, bits
        if method == "lsq":
            self.step = nn.Parameter(torch.empty(len(bits)))

    def forward(self, x):
        bits = self.bits[self.chosen]
        weight = self.weight
        if bits < 32 and self.method == "dorefa":
            weight = DorefaWeight.apply(weight, bits)
        elif bits < 32:
            low, high = (-1, 1) if bits == 1 else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
            weight = Lsq.apply(weight, self.step[self.chosen : self.chosen + 1], low, high, bits == 1, weight.numel())
        return F.conv2d(x, weight, None, self.stride, self.padding)


class QuantizedFeature(nn.Module):
    chosen = 0

    def __init__(self, method, bits):
        super().__init__()
        self.method, self.bits = method, bits
        setattr(self, "alpha" if method == "pact" else "step", nn.Parameter(torch.empty(len(bits))))

    def forward(self, x):
        bits, one = self.bits[self.chosen], slice(self.chosen, self.chosen + 1)
        if self.method == "pact":
            alpha = self.alpha[one]
            if bits >= 32:
                return torch.minimum(torch.relu(x), alpha)
            return Pact.apply(x, alpha, bits)
        return x if bits >= 32 else Lsq.apply(x, self.step[one], 0, 2**bits - 1, False, x[0].numel())


def use(net, architecture):
    """Sets genes: one value for all layers of a network here, or one per choice layer."""
    layers = getattr(net, "layers", [])
    for value, layer in zip(architecture, layers):
        for module in layer.modules():
            if hasattr(module, "chosen"):
                module.chosen = value
    return net


# Networks -------------------------------------------------------------------------------------------------------


def op_net(body, channels, size, classes=4, bias=True):
    return Chain(body=body, fc=nn.Linear(channels * size * size, classes, bias=bias))


def unit(cin, cout, kernel=1, stride=1, groups=1, affine=False, act=nn.ReLU):
    return [conv(cin, cout, kernel, stride, groups=groups), norm(cout, affine)] + ([act()] if act else [])


def pointwise(cin, cout):
    return unit(cin, cout)


def depthwise(c, kernel, stride):
    return unit(c, c, kernel, stride, c, act=None)


class ShuffleBlock(nn.Module):
    """As in ShuffleNetV2 (arXiv 1807.11164) with the choices of arXiv 1904.00420; kernel None: xception."""

    def __init__(self, cin, cout, mid, kernel, stride):
        super().__init__()
        self.stride = stride
        inp = cin if stride == 2 else cin // 2
        out = cout - inp
        if kernel is None:
            main = depthwise(inp, 3, stride) + pointwise(inp, mid) + depthwise(mid, 3, 1) + pointwise(mid, mid)
            main += depthwise(mid, 3, 1) + pointwise(mid, out)
        else:
            main = pointwise(inp, mid) + depthwise(mid, kernel, stride) + pointwise(mid, out)
        if stride == 2:
            self.proj = nn.Sequential(*depthwise(inp, kernel or 3, 2), *pointwise(inp, inp))
        self.main = nn.Sequential(*main)

    def forward(self, x):
        if self.stride == 2:
            return torch.cat((self.proj(x), self.main(x)), 1)
        return torch.cat((x[:, 0::2], self.main(x[:, 1::2])), 1)


def shuffle_layer(cin, cout, stride):
    return Choices(ShuffleBlock(cin, cout, cout // 2, kernel, stride) for kernel in (3, 5, 7, None))


class ShuffleNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(*unit(3, 8, 3, 2))
        self.layers = nn.ModuleList([shuffle_layer(8, 16, 2), shuffle_layer(16, 16, 1), shuffle_layer(16, 24, 2)])
        self.last = nn.Sequential(*unit(24, 20))
        self.fc = nn.Linear(20, 5, bias=False)

    def forward(self, x):
        x = self.stem(x)
        for layer in self.layers:
            x = layer(x)
        return self.fc(self.last(x).mean((2, 3)))


class WidthNet(nn.Module):
    """Channel search: the middle of both blocks, and everything between, is sliced."""

    def __init__(self):
        super().__init__()
        self.stem = conv(3, 6, 3)
        block = lambda: nn.Sequential(
            SlicedConv(6, 10, widths=[2, 5, 10]),
            SlicedNorm(10),
            nn.ReLU(),
            SlicedConv(10, 10, 3, depthwise=True),
            SlicedNorm(10, affine=False),
            nn.ReLU6(),
            SlicedConv(10, 10, 3, depthwise=True, bias=True),
            SlicedConv(10, 6, 3, bias=True),
        )
        self.layers = nn.ModuleList([nn.ModuleList([block()]), nn.ModuleList([block()])])
        self.fc = nn.Linear(6, 4)

    def forward(self, x):
        x = self.stem(x)
        for layer in self.layers:
            x = layer[0](x)
        return self.fc(x.mean((2, 3)))


class QuantNet(nn.Module):
    def __init__(self, weights, features, bits):
        super().__init__()
        block = nn.Sequential(QuantizedFeature(features, bits), QuantizedConv(3, 6, 3, weights, bits))
        self.layers = nn.ModuleList([nn.ModuleList([block])])
        self.fc = nn.Linear(6 * 36, 4)

    def forward(self, x):
        return self.fc(self.layers[0][0](x).flatten(1))


class TwoPaths(nn.Module):
    """Small enough for many optimizer steps."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(*unit(2, 6, 3, affine=True))
        self.layers = nn.ModuleList(
            [Choices([nn.Sequential(*unit(6, 6, k, affine=True)) for k in (1, 3)]) for _ in range(2)]
        )
        self.fc = nn.Linear(6, 3)

    def forward(self, x):
        x = self.stem(x)
        for layer in self.layers:
            x = layer(x)
        return self.fc(x.mean((2, 3)))


class BottleNeck(nn.Module):
    """ResNet's basic block: relu behind the sum."""

    def __init__(self, cin, cout, stride):
        super().__init__()
        self.main = nn.Sequential(*unit(cin, cout, 3, stride, affine=True), *unit(cout, cout, 3, affine=True, act=None))
        self.shortcut = nn.Sequential(*unit(cin, cout, 1, stride, affine=True, act=None))

    def forward(self, x):
        return F.relu(self.main(x) + self.shortcut(x))


def activations():
    """The activations that space files may name, each by PyTorch's function: hswish is hardswish."""
    with open(os.path.join(HERE, "..", "docs", "space.schema.json")) as file:
        [names] = {tuple(block["properties"]["activation"]["enum"]) for block in found(json.load(file), "mbConv")}
    return {name: lambda f=getattr(F, re.sub("^h(?=s)", "hard", name)): Fn(f) for name in names}


def found(value, key):
    if isinstance(value, dict):
        yield from ([value[key]] if key in value else [])
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from found(inner, key)


HERE = os.path.dirname(os.path.abspath(__file__))
ACTIVATIONS = activations()
S = nn.Sequential
OPS = {
    # name: (network, input shape, scale of the input)
    "conv-3x3-stride-2-bias": lambda: (op_net(S(conv(3, 6, 3, 2, bias=True)), 6, 4), (3, 3, 7, 7), 1),
    "conv-groups": lambda: (op_net(S(conv(4, 6, 3, groups=2, bias=True)), 6, 5), (2, 4, 5, 5), 1),
    "conv-depthwise-5x5-stride-2": lambda: (op_net(S(conv(5, 5, 5, 2, groups=5)), 5, 4), (2, 5, 8, 8), 1),
    "conv-depthwise-bias": lambda: (op_net(S(conv(3, 3, 3, groups=3, bias=True)), 3, 4), (2, 3, 4, 4), 1),
    "conv-unpadded": lambda: (op_net(S(conv(2, 3, 3, 1, 0), conv(3, 4, 2, 2, 0)), 4, 2), (2, 2, 6, 6), 1),
    "batch-norm-affine": lambda: (op_net(S(norm(3)), 3, 4), (4, 3, 4, 4), 2),
    "batch-norm-plain": lambda: (op_net(S(norm(3, False, momentum=0.3, eps=1e-3)), 3, 4), (4, 3, 4, 4), 2),
    **{name: lambda act=act: (op_net(S(act()), 2, 6), (2, 2, 6, 6), 5) for name, act in ACTIVATIONS.items()},
    "channel-shuffle-2": lambda: (op_net(S(shuffle(2)), 6, 3), (2, 6, 3, 3), 1),
    "channel-shuffle-3": lambda: (op_net(S(shuffle(3)), 6, 3), (2, 6, 3, 3), 1),
    "split": lambda: (op_net(S(Fn(lambda x: x.chunk(3, 1)[1])), 2, 3), (2, 6, 3, 3), 1),
    "slice-even": lambda: (op_net(S(Fn(lambda x: x[:, 0::2])), 4, 3), (2, 7, 3, 3), 1),
    "slice-odd": lambda: (op_net(S(Fn(lambda x: x[:, 1::2])), 3, 3), (2, 7, 3, 3), 1),
    "slice-range": lambda: (op_net(S(Fn(lambda x: x[:, 1:6:3])), 2, 3), (2, 7, 3, 3), 1),
    "concat": lambda: (
        op_net(Concat(left=S(conv(3, 2, 1)), middle=S(Fn(lambda x: x)), right=S(conv(3, 4, 3))), 9, 4),
        (2, 3, 4, 4),
        1,
    ),
    "add-identity": lambda: (op_net(Residual(S(conv(3, 3, 3))), 3, 4), (2, 3, 4, 4), 1),
    "add-projection": lambda: (op_net(Residual(S(conv(3, 5, 3, 2)), S(conv(3, 5, 1, 2))), 5, 2), (2, 3, 4, 4), 1),
    "squeeze-excite": lambda: (op_net(S(SqueezeExcite(6, 3, F.relu, F.hardsigmoid)), 6, 4), (3, 6, 4, 4), 3),
    "squeeze-excite-residual": lambda: (
        op_net(
            Residual(
                S(
                    *unit(5, 10, affine=True, act=nn.SiLU),
                    *unit(10, 10, 3, groups=10, affine=True, act=nn.SiLU),
                    SqueezeExcite(10, 8, F.silu, torch.sigmoid),
                    *unit(10, 5, affine=True, act=None),
                )
            ),
            5,
            6,
        ),
        (3, 5, 6, 6),
        1,
    ),
    "average-pool-1": lambda: (op_net(S(nn.AdaptiveAvgPool2d(1)), 5, 1), (2, 5, 4, 4), 1),
    "average-pool-3": lambda: (op_net(S(nn.AdaptiveAvgPool2d(3)), 2, 3), (2, 2, 7, 7), 1),
    "max-pool-3-stride-2": lambda: (op_net(S(nn.MaxPool2d(3, 2, 1)), 2, 4), (2, 2, 7, 7), 1),
    "max-pool-2": lambda: (op_net(S(nn.MaxPool2d(2, 2)), 2, 2), (2, 2, 5, 5), 1),
    "linear": lambda: (op_net(S(Fn(lambda x: x)), 3, 2), (3, 3, 2, 2), 1),
    "linear-without-bias": lambda: (op_net(S(Fn(lambda x: x)), 3, 2, bias=False), (3, 3, 2, 2), 1),
    "conv-norm-relu": lambda: (op_net(S(*unit(3, 7, 3, 2, affine=True)), 7, 3), (3, 3, 6, 6), 1),
    **{
        f"chain-{name}": lambda act=act: (
            op_net(
                S(
                    *unit(3, 7, affine=True, act=act),
                    *unit(7, 7, 3, groups=7, affine=True, act=act),
                    *unit(7, 5, 3, affine=True, act=None),
                ),
                5,
                5,
            ),
            (3, 3, 5, 5),
            1,
        )
        for name, act in ACTIVATIONS.items()
    },
    "inverted-residual": lambda: (
        op_net(
            Residual(
                S(
                    *unit(5, 15, affine=True, act=nn.ReLU6),
                    *unit(15, 15, 5, groups=15, affine=True, act=nn.ReLU6),
                    *unit(15, 5, affine=True, act=None),
                )
            ),
            5,
            6,
        ),
        (3, 5, 6, 6),
        1,
    ),
    "shuffle-block": lambda: (op_net(ShuffleBlock(10, 10, 7, 3, 1), 10, 5), (3, 10, 5, 5), 1),
    "shuffle-block-stride-2": lambda: (op_net(ShuffleBlock(5, 12, 6, 5, 2), 12, 3), (3, 5, 6, 6), 1),
    "xception-block": lambda: (op_net(ShuffleBlock(6, 8, 5, None, 1), 8, 4), (3, 6, 4, 4), 1),
    "basic-block-stride-2": lambda: (op_net(BottleNeck(4, 6, 2), 6, 3), (3, 4, 6, 6), 1),
    "pooled-head": lambda: (op_net(S(*unit(4, 9), nn.AdaptiveAvgPool2d(1)), 9, 1), (3, 4, 5, 5), 1),
}


# Cases ----------------------------------------------------------------------------------------------------------


class Draw:
    """Random numbers that depend on the name of the case alone, so that cases can come and go."""

    def __init__(self, name, seed):
        self.generator = torch.Generator().manual_seed(zlib.crc32(name.encode()) + seed)

    def normal(self, *shape, scale=1.0):
        return torch.randn(*shape, generator=self.generator) * scale

    def labels(self, count, classes):
        return torch.randint(0, classes, (count,), generator=self.generator)

    def fill(self, net):
        """Weights of about unit gain; nothing is left at a special value."""
        with torch.no_grad():
            for name, p in net.named_parameters():
                if name.endswith("alpha"):
                    p.copy_(1.5 + 0.3 * torch.arange(p.numel()))
                elif name.endswith("step"):
                    p.copy_(0.13 + 0.07 * torch.arange(p.numel()))
                elif p.dim() > 1:
                    p.copy_(self.normal(*p.shape, scale=1 / math.sqrt(p[0].numel())))
                else:
                    p.copy_(self.normal(*p.shape, scale=0.3) + (1.0 if name.endswith("weight") else 0.0))
            for name, b in net.named_buffers():
                if name.endswith("running_mean"):
                    b.copy_(self.normal(*b.shape, scale=0.5))
                elif name.endswith("running_var"):
                    b.copy_(self.normal(*b.shape).abs() + 0.5)
        return net


def state_of(net):
    return {name: encode(t) for name, t in net.state_dict().items() if not name.endswith("num_batches_tracked")}


def gradient_case(name, net, x, y, architecture=(), smoothing=0.0):
    """Loss, logits, all gradients and the buffers after one training pass; then logits with those buffers."""
    use(net, architecture)
    before = state_of(net)
    net.train()
    x = x.clone().requires_grad_()
    logits = net(x)
    loss = F.cross_entropy(logits, y, label_smoothing=smoothing)
    loss.backward()
    net.eval()
    with torch.no_grad():
        evaluated = net(x)
    return {
        "name": name,
        "architecture": list(architecture),
        "labelSmoothing": smoothing,
        "state": before,
        "input": encode(x),
        "labels": y.tolist(),
        "loss": loss.item(),
        "logits": encode(logits),
        "inputGradient": encode(x.grad),
        "gradients": encode_all((n, p.grad) for n, p in net.named_parameters() if p.grad is not None),
        "buffersAfter": {n: encode(b) for n, b in net.named_buffers() if not n.endswith("num_batches_tracked")},
        "evaluatedLogits": encode(evaluated),
    }


def ops(seed):
    cases = []
    for name, make in OPS.items():
        draw = Draw(name, seed)
        net, shape, scale = make()
        x = draw.normal(*shape, scale=scale)
        smoothing = 0.1 if name.startswith("linear") else 0.0
        cases.append(gradient_case(name, draw.fill(net), x, draw.labels(shape[0], 4), smoothing=smoothing))
    return {"cases": cases}


def shufflenet(seed):
    cases = []
    for architecture in ((0, 1, 2), (3, 3, 3), (2, 0, 1)):
        draw = Draw("shufflenet", seed)
        net, x = draw.fill(ShuffleNet()), draw.normal(3, 3, 16, 16)
        cases.append(gradient_case("shufflenet", net, x, draw.labels(3, 5), architecture, 0.1))
    for later in cases[1:]:
        later["state"] = None  # as in the first case
    return {"cases": cases}


def slices(seed):
    cases = []
    for architecture in ((0, 1), (1, 2), (2, 0)):
        draw = Draw("slices", seed)
        net, x = draw.fill(WidthNet()), draw.normal(2, 3, 5, 5)
        cases.append(gradient_case("slices", net, x, draw.labels(2, 4), architecture))
    return {"cases": cases}


BITS = [1, 2, 3, 4, 8, 32]


def quantizers(seed):
    cases = []
    for weights, features in (("dorefa", "pact"), ("lsq", "lsq")):
        for gene in range(len(BITS)):
            name = f"{weights}-{features}"
            draw = Draw(name, seed)
            net, x = draw.fill(QuantNet(weights, features, BITS)), draw.normal(2, 3, 6, 6)
            cases.append(gradient_case(name, net, x, draw.labels(2, 4), (gene,)))
    return {"bits": BITS, "cases": cases}


OPTIMIZERS = {
    "plain": {"learningRate": 0.3},
    "momentum": {"learningRate": 0.1, "momentum": 0.9},
    "nesterov": {"learningRate": 0.1, "momentum": 0.9, "nesterov": True},
    "decay": {"learningRate": 0.1, "momentum": 0.9, "weightDecay": 0.05},
    "decay-nesterov": {"learningRate": 0.1, "momentum": 0.8, "nesterov": True, "weightDecay": 0.05},
    "smoothing": {"learningRate": 0.1, "momentum": 0.9, "labelSmoothing": 0.2},
    "clipped": {"learningRate": 0.3, "momentum": 0.9, "clipGradientNorm": 0.25},
    "clip-too-large": {"learningRate": 0.1, "momentum": 0.9, "clipGradientNorm": 1000},
    "accumulated": {"learningRate": 0.1, "momentum": 0.9, "weightDecay": 0.01, "accumulate": [5, 2, 1]},
    "accumulated-clipped": {"learningRate": 0.2, "clipGradientNorm": 0.3, "accumulate": [1, 6]},
}
PATHS = ((0, 0), (1, 0), (1, 1), (0, 0), (1, 0))


def optimizer(seed):
    draw = Draw("optimizer", seed)
    initial = draw.fill(TwoPaths())
    images, labels = draw.normal(8, 2, 5, 5), draw.labels(8, 3)
    start = {k: v.clone() for k, v in initial.state_dict().items()}
    cases = []
    for name, settings in OPTIMIZERS.items():
        net = TwoPaths()
        net.load_state_dict(start)
        net.train()
        options = {"momentum": 0.0, "nesterov": False, "weightDecay": 0.0, "labelSmoothing": 0.0,
                   "clipGradientNorm": 0.0, **settings}
        sizes = options.pop("accumulate", [8])
        decay = options["weightDecay"]
        sgd = torch.optim.SGD(
            [
                {"params": [p for p in net.parameters() if p.dim() > 1], "weight_decay": decay},
                {"params": [p for p in net.parameters() if p.dim() <= 1], "weight_decay": 0.0},
            ],
            lr=options["learningRate"], momentum=options["momentum"], nesterov=options["nesterov"],
        )
        steps = []
        for path in PATHS:
            use(net, path)
            sgd.zero_grad(set_to_none=True)
            total = 0.0
            for x, y in zip(images[: sum(sizes)].split(sizes), labels[: sum(sizes)].split(sizes)):
                loss = F.cross_entropy(net(x), y, label_smoothing=options["labelSmoothing"])
                share = len(y) / sum(sizes)
                (loss * share).backward()
                total += loss.item() * share
            on_path = [p for p in net.parameters() if p.grad is not None]
            limit = options["clipGradientNorm"] or math.inf
            gradient_norm = nn.utils.clip_grad_norm_(on_path, limit).item()
            sgd.step()
            steps.append({"architecture": list(path), "loss": total, "gradientNorm": gradient_norm})
        momenta = {n: sgd.state[p].get("momentum_buffer") for n, p in net.named_parameters() if p in sgd.state}
        cases.append({
            "name": name, "options": options, "batchSizes": sizes, "steps": steps, "after": state_of(net),
            "momenta": encode_all((n, m) for n, m in momenta.items() if m is not None),
        })
    return {"state": state_of(initial), "input": encode(images), "labels": labels.tolist(), "cases": cases}


def recalibration(seed):
    """
    Running statistics over all values of all batches, each batch passed on normalized by its own, and logits with
    them. In float64: where a convolution follows a BatchNorm its mean is 0, and float32 would store the rounding of
    the CPU it ran on.
    """
    cases = []
    for architecture in ((0, 3, 1), (2, 2, 3)):
        draw = Draw("shufflenet", seed)  # the weights of shufflenet.json
        net = use(draw.fill(ShuffleNet()), architecture).double()
        batches = [draw.normal(n, 3, 16, 16, scale=s) + m for n, s, m in ((4, 1, 0), (2, 2, 1), (3, 0.5, -1))]
        x, y = draw.normal(4, 3, 16, 16), draw.labels(4, 5)
        seen = {name: [] for name, module in net.named_modules() if isinstance(module, nn.BatchNorm2d)}
        for name, values in seen.items():
            net.get_submodule(name).register_forward_pre_hook(lambda _, inputs, values=values: values.append(inputs[0]))
        buffers = {}
        with torch.no_grad():
            net.train()
            for batch in batches:
                net(batch.double())
            for name, values in seen.items():
                if not values:
                    continue
                module, pooled = net.get_submodule(name), torch.cat(values).transpose(0, 1).flatten(1)
                module.running_mean.copy_(pooled.mean(1))
                module.running_var.copy_(pooled.var(1))  # unbiased
                buffers |= {f"{name}.{b}": encode(getattr(module, b)) for b in ("running_mean", "running_var")}
            net.eval()
            logits = net(x.double())
        cases.append({
            "architecture": list(architecture), "batches": [encode(b) for b in batches], "buffers": buffers,
            "input": encode(x), "labels": y.tolist(), "logits": encode(logits),
            "loss": F.cross_entropy(logits, y).item(), "correct": (logits.argmax(1) == y).sum().item(),
        })
    return {"cases": cases}


FILES = {"ops": ops, "optimizer": optimizer, "quantizers": quantizers, "shufflenet": shufflenet,
         "recalibration": recalibration, "slices": slices}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default=os.path.join(HERE, "..", "test", "vectors"))
    parser.add_argument("--seed", type=int, default=0, help="other numbers for the same networks")
    parser.add_argument("--only", default=",".join(FILES), help="files to make, separated by commas")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    os.makedirs(arguments.out, exist_ok=True)
    for name in arguments.only.split(","):
        content = {"torch": torch.__version__, **FILES[name](arguments.seed)}
        with open(os.path.join(arguments.out, f"{name}.json"), "w") as file:
            json.dump(content, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()
