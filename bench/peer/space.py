"""A search space of singlepath, read from its description, as a PyTorch user writes it: one module an op, parameters
under the same names, a forward pass that takes the path."""
import json
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

FLOAT_BITS = 32


def at(dim, path):
    """A number that is fixed, or chosen by a gene of the path."""
    return dim["values"][path[dim["gene"]]] if isinstance(dim, dict) else dim


def straight_through(x, quantized):
    if not torch.is_grad_enabled():
        return quantized
    return x + (quantized - x).detach()


def scale_gradient(step, scale):
    if not torch.is_grad_enabled():
        return step
    scaled = step * scale
    return scaled + (step - scaled).detach()


def signs(x):
    return torch.where(x >= 0, 1.0, -1.0)


def dorefa(weight, bits):
    """DoReFa-Net, arXiv 1606.06160."""
    if bits == 1:
        return straight_through(weight, signs(weight.detach()) * weight.detach().abs().mean())
    levels = 2**bits - 1
    squashed = torch.tanh(weight)
    unit = squashed / squashed.abs().max() * 0.5 + 0.5
    return straight_through(unit * levels, torch.round(unit * levels)) / levels * 2 - 1


def lsq(x, step, low, high, count):
    """Learned step size, arXiv 1902.08153."""
    step = scale_gradient(step, 1 / math.sqrt(count * high))
    scaled = torch.clamp(x / step, low, high)
    return straight_through(scaled, torch.round(scaled)) * step


def lsq_weight(weight, step, bits):
    if bits == 1:
        step = scale_gradient(step, 1 / math.sqrt(weight.numel()))
        unit = torch.clamp(weight / step, -1, 1)
        return straight_through(unit, signs(unit)) * step
    return lsq(weight, step, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1, weight.numel())


def pact(x, alpha, bits):
    """PACT, arXiv 1805.06085."""
    clipped = torch.where(x >= alpha, alpha, F.relu(x))
    if bits >= FLOAT_BITS:
        return clipped
    unit = alpha.detach() / (2**bits - 1)
    return straight_through(clipped, torch.round(clipped / unit) * unit)


class Parameters(nn.Module):
    """The tensors of one op, started as the space says."""

    def __init__(self, specs):
        super().__init__()
        self.genes = {}
        for spec in specs:
            name, init = spec["name"].rsplit(".", 1)[1], spec["init"]
            if init["kind"] == "normal":
                value = torch.randn(spec["shape"]) * init["std"] + init["mean"]
            elif init["kind"] == "values":
                value = torch.tensor(init["values"])
            else:
                value = torch.full(spec["shape"], float(init["value"]))
            if spec["trainable"]:
                setattr(self, name, nn.Parameter(value))
            else:
                self.register_buffer(name, value)
            self.genes[name] = spec.get("gene")

    def scalar(self, name, path):
        """A tensor of one value, or the value of a list that a gene chooses."""
        gene = self.genes[name]
        tensor = getattr(self, name)
        return tensor if gene is None else tensor[path[gene]]


class Conv2d(Parameters):
    def __init__(self, node, specs):
        super().__init__(specs)
        self.node, self.bias = node, getattr(self, "bias", None)

    def forward(self, path, x):
        node, weight, bias, channels = self.node, self.weight, self.bias, x.shape[1]
        depthwise = node["groups"] == "depthwise"
        out = channels if depthwise else at(node["out"], path)
        inputs = 1 if depthwise else channels // node["groups"]
        if weight.shape[0] != out or weight.shape[1] != inputs:
            weight, bias = weight[:out, :inputs], None if bias is None else bias[:out]
        quantizer = node.get("weightQuantizer")
        if quantizer is not None and (bits := at(quantizer["bits"], path)) < FLOAT_BITS:
            if quantizer["method"] == "dorefa":
                weight = dorefa(weight, bits)
            else:
                weight = lsq_weight(weight, self.scalar("step", path), bits)
        groups = channels if depthwise else node["groups"]
        return F.conv2d(x, weight, bias, node["stride"], node["padding"], 1, groups)


class BatchNorm(Parameters):
    """Momentum None averages over all batches since the last reset."""

    def __init__(self, node, specs):
        super().__init__(specs)
        self.eps, self.momentum, self.batches = node["eps"], node["momentum"], 0
        self.weight, self.bias = getattr(self, "weight", None), getattr(self, "bias", None)

    def reset(self):
        self.running_mean.zero_()
        self.running_var.fill_(1)
        self.batches, self.momentum = 0, None

    def forward(self, path, x):
        tensors = [self.running_mean, self.running_var, self.weight, self.bias]
        if x.shape[1] != self.running_mean.shape[0]:
            tensors = [None if tensor is None else tensor[: x.shape[1]] for tensor in tensors]
        if self.training:
            self.batches += 1
        momentum = 1 / max(self.batches, 1) if self.momentum is None else self.momentum
        return F.batch_norm(x, *tensors, self.training, momentum, self.eps)


class Linear(Parameters):
    def __init__(self, node, specs):
        super().__init__(specs)
        self.bias = getattr(self, "bias", None)

    def forward(self, path, x):
        x = torch.flatten(x, 1)
        # A space may choose how many channels the last layer before the classifier has.
        weight = self.weight if self.weight.shape[1] == x.shape[1] else self.weight[:, : x.shape[1]]
        return F.linear(x, weight, self.bias)


class FakeQuantize(Parameters):
    def __init__(self, node, specs):
        super().__init__(specs)
        self.method, self.bits = node["method"], node["bits"]

    def forward(self, path, x):
        bits = at(self.bits, path)
        if self.method == "pact":
            return pact(x, self.scalar("alpha", path), bits)
        if bits >= FLOAT_BITS:
            return x
        return lsq(x, self.scalar("step", path), 0, 2**bits - 1, x[0].numel())


class Plain(nn.Module):
    """An op without parameters."""

    def __init__(self, node, in_place):
        super().__init__()
        self.node, self.in_place = node, in_place
        self.run = getattr(self, node["op"])

    def forward(self, path, *inputs):
        return self.run(*inputs)

    def activation(self, x):
        name = self.node["function"]
        if name in ("relu", "relu6"):  # the others need their input for the gradient
            return getattr(F, name)(x, inplace=self.in_place)
        return {"hswish": F.hardswish, "silu": F.silu, "sigmoid": torch.sigmoid, "hsigmoid": F.hardsigmoid}[name](x)

    def channelShuffle(self, x):
        n, c, h, w = x.shape
        groups = self.node["groups"]
        return x.view(n, groups, c // groups, h, w).transpose(1, 2).reshape(n, c, h, w)

    def split(self, x):
        return torch.chunk(x, self.node["parts"], 1)[self.node["index"]]

    def slice(self, x):
        return x[:, self.node["start"] : self.node.get("end") : self.node["step"]]

    def concat(self, *inputs):
        return torch.cat(inputs, 1)

    def add(self, first, *rest):
        for other in rest:
            first = first + other
        return first

    def multiply(self, first, *rest):
        for other in rest:
            first = first * other
        return first

    def adaptiveAveragePool(self, x):
        return x.mean((2, 3), keepdim=True) if self.node["size"] == 1 else F.adaptive_avg_pool2d(x, self.node["size"])

    def maxPool(self, x):
        return F.max_pool2d(x, self.node["kernel"], self.node["stride"], self.node["padding"])

    def dropout(self, x):
        return F.dropout(x, self.node["p"], self.training)


WITH_PARAMETERS = {"conv2d": Conv2d, "batchNorm": BatchNorm, "linear": Linear, "fakeQuantize": FakeQuantize}


class Graph(nn.Module):
    """A choice: its ops in order, each reading values of earlier ones (0 is the graph's input)."""

    def __init__(self, nodes, specs):
        super().__init__()
        self.inputs = [node["inputs"] for node in nodes]
        uses = [value for inputs in self.inputs for value in inputs]
        # In a chain each op reads the one before, and nobody else does.
        self.chain = self.inputs == [[i] for i in range(len(nodes))]
        self.last = {value: i for i, inputs in enumerate(self.inputs) for value in inputs}
        self.ops = nn.ModuleList()
        for node in nodes:
            if node["op"] in WITH_PARAMETERS:
                self.ops.append(WITH_PARAMETERS[node["op"]](node, specs.get(node["name"], [])))
            else:
                before = node["inputs"][0]
                # Nothing else needs what a BatchNorm or a sum gave.
                own = before > 0 and uses.count(before) == 1 and nodes[before - 1]["op"] in ("batchNorm", "add")
                self.ops.append(Plain(node, own))

    def forward(self, path, x):
        if self.chain:
            for op in self.ops:
                x = op(path, x)
            return x
        values = [x]
        del x
        for i, (op, inputs) in enumerate(zip(self.ops, self.inputs)):
            values.append(op(path, *[values[value] for value in inputs]))
            for value in inputs:
                if self.last[value] == i:
                    values[value] = None
        return values[-1]


class Space(nn.Module):
    def __init__(self, description):
        super().__init__()
        self.input, self.genes = description["input"], description["genes"]
        self.classes = description["classes"]
        specs = {}
        for spec in description["parameters"]:
            specs.setdefault(spec["name"].rsplit(".", 1)[0], []).append(spec)
        self.which = [layer["gene"] for layer in description["layers"]]
        self.layers = nn.ModuleList(
            nn.ModuleList(Graph(choice["graph"]["nodes"], specs) for choice in layer["choices"])
            for layer in description["layers"]
        )
        self.owners = {  # of every tensor by its name in the space
            f"{node['name']}.{name}": (op, name)
            for layer, modules in zip(description["layers"], self.layers)
            for choice, graph in zip(layer["choices"], modules)
            for node, op in zip(choice["graph"]["nodes"], graph.ops)
            if isinstance(op, Parameters)
            for name in op.genes
        }

    @classmethod
    def read(cls, file):
        with open(file) as text:
            return cls(json.load(text))

    def tensors(self):
        """Parameters and buffers under the names of the space."""
        return {name: getattr(op, own) for name, (op, own) in self.owners.items()}

    def norms(self):
        return [module for module in self.modules() if isinstance(module, BatchNorm)]

    def forward(self, x, path):
        for gene, choices in zip(self.which, self.layers):
            x = choices[0 if gene < 0 else path[gene]](path, x)
        return torch.flatten(x, 1)
