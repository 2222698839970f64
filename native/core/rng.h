// Counter-based random numbers: the same streams as src/core/rng.ts.
#pragma once

#include <cstdint>

namespace singlepath {

enum class Purpose : uint64_t {
  sampling = 1,
  search = 2,
  initialization = 3,
  shuffle = 4,
  augmentation = 5,
  dropout = 6,
  split = 7,
  test = 8,
  mixing = 9
};

constexpr uint64_t kGolden = 0x9e3779b97f4a7c15ull;

// SplitMix64 finaliser (Steele, Lea, Flood 2014).
inline uint64_t mix64(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

inline uint64_t stream_key(uint64_t seed, Purpose purpose, uint64_t counter) {
  const uint64_t a = mix64(seed + kGolden);
  const uint64_t b = mix64(a ^ (static_cast<uint64_t>(purpose) * kGolden));
  return mix64(b ^ (counter * kGolden));
}

class RandomStream {
 public:
  RandomStream(uint64_t seed, Purpose purpose, uint64_t counter) : key_(stream_key(seed, purpose, counter)) {}

  // Goes on with draw number `draw` (from 0), whatever was drawn before.
  void skip_to(uint64_t draw) { index_ = draw; }

  uint64_t bits() { return mix64(key_ + ++index_ * kGolden); }
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }
  uint64_t integer(uint64_t size) {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(bits()) * size) >> 64);
  }

 private:
  uint64_t key_;
  uint64_t index_ = 0;
};

}  // namespace singlepath
