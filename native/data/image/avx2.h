// What the AVX2 loops of images share.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace singlepath {

#if defined(__x86_64__)

// Whether this processor has AVX2 and BMI2; SINGLEPATH_ISA=portable says no.
inline bool use_avx2() {
  static const bool use = [] {
    const char* isa = std::getenv("SINGLEPATH_ISA");
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") &&
           (isa == nullptr || std::strcmp(isa, "portable") != 0);
  }();
  return use;
}

// 16 bytes as 16-bit numbers.
[[gnu::target("avx2"), gnu::always_inline]] inline __m256i load_words(const uint8_t* from) {
  return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}

#else

inline bool use_avx2() {
  return false;
}

#endif

}  // namespace singlepath
