// Values as batch_norm.cu (which says what the macros are) reads and writes them, and activations.
#if BFLOAT16
typedef unsigned short Value;
__device__ __forceinline__ float widen(Value value) {
  return __uint_as_float((unsigned)value << 16);
}
__device__ __forceinline__ Value narrow(float value) {
#if __CUDA_ARCH__ >= 800
  unsigned short rounded;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(rounded) : "f"(value));
  return rounded;
#else
  const unsigned bits = __float_as_uint(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fff;  // NaN
  return (Value)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
#endif
}
#else
typedef float Value;
__device__ __forceinline__ float widen(Value value) {
  return value;
}
__device__ __forceinline__ Value narrow(float value) {
  return value;
}
#endif

struct alignas(sizeof(Value) * WIDTH) Vector {
  Value values[WIDTH];
};

__device__ __forceinline__ Vector load(const Value* from) {
  return *reinterpret_cast<const Vector*>(from);
}
__device__ __forceinline__ void store(Value* to, const Vector& vector) {
  *reinterpret_cast<Vector*>(to) = vector;
}

// Written so that NaN stays NaN.
__device__ __forceinline__ float activate(float z) {
  switch (ACTIVATION) {
    case ACTIVATION_relu:
      return z < 0 ? 0 : z;
    case ACTIVATION_relu6:
      return z < 0 ? 0 : z > 6 ? 6 : z;
    case ACTIVATION_hswish:
      return z < -3 ? 0 : z > 3 ? z : z * (z + 3) / 6;
    case ACTIVATION_silu:
      return z / (1 + expf(-z));
    case ACTIVATION_sigmoid:
      return 1 / (1 + expf(-z));
    case ACTIVATION_hsigmoid:
      return z < -3 ? 0 : z > 3 ? 1 : (z + 3) / 6;
    default:
      return z;
  }
}

// The slope at z; at a kink that of one of its sides.
__device__ __forceinline__ float slope(float z) {
  switch (ACTIVATION) {
    case ACTIVATION_relu:
      return z <= 0 ? 0 : 1;
    case ACTIVATION_relu6:
      return z <= 0 || z >= 6 ? 0 : 1;
    case ACTIVATION_hswish:
      return z < -3 ? 0 : z > 3 ? 1 : (2 * z + 3) / 6;
    case ACTIVATION_silu: {
      const float s = 1 / (1 + expf(-z));
      return s * (1 + z * (1 - s));
    }
    case ACTIVATION_sigmoid: {
      const float s = 1 / (1 + expf(-z));
      return s * (1 - s);
    }
    case ACTIVATION_hsigmoid:
      return z <= -3 || z >= 3 ? 0 : 1.f / 6;
    default:
      return 1;
  }
}
