#pragma once

// Quantizers, n values in one pass; see ../quantize.h and the tables in ../kernels.h. Compiled on their own
// (quantize.cc), without fused multiply-adds.

#include "simd.h"

namespace singlepath::cpu::SINGLEPATH_ISA {

template <class T>
void quantize(const Quantizer& quantizer, const void* x, void* out, long n);
template <class T>
QuantizerSums quantize_backward(const Quantizer& quantizer, const void* x, const void* gradient, void* dx,
                                long n);
uint32_t largest_magnitude(const float* x, long n);
double sum_of_magnitudes(const float* x, long n);
void add_to_largest(const Quantizer& quantizer, const float* x, float* dx, long n, float gradient);

}  // namespace singlepath::cpu::SINGLEPATH_ISA
