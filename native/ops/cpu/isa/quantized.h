#pragma once

// The quantizer in front of a convolution (../quantize_kernels.h, and the table in ../kernels.h).

#include "simd.h"

namespace singlepath::cpu::SINGLEPATH_ISA {

template <class T>
void write_quantized(const WriteQuantized& task, long begin, long end);
template <class T>
bool write_levels(const WriteLevels& task, long begin, long end);
template <class T>
void quantized_gradient(const QuantizedGradient& task, long begin, long end, float* scratch, double* sums);

}  // namespace singlepath::cpu::SINGLEPATH_ISA
