#include "data/test/fuzz/mutate.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace singlepath {
namespace {

constexpr size_t kLargestInput = 1 << 16;

// A length that is mostly short.
size_t length_up_to(size_t most, RandomStream& random) {
  const size_t limit = random.integer(4) ? std::min<size_t>(most, 32) : most;
  return limit == 0 ? 0 : 1 + random.integer(limit);
}

void put_number(Bytes& input, size_t at, RandomStream& random) {
  // clang-format off
  constexpr std::array<uint64_t, 12> kEdges = {
      0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
      0x7fffffffffffffff, 0xffffffffffffffff};
  // clang-format on
  const uint64_t value = kEdges[random.integer(kEdges.size())] + random.integer(3) - 1;
  const size_t width = size_t{1} << random.integer(4);
  const bool big_endian = random.integer(2) == 1;
  for (size_t i = 0; i < width && at + i < input.size(); i++) {
    input[at + i] = static_cast<uint8_t>(value >> 8 * (big_endian ? width - 1 - i : i));
  }
}

void change(Bytes& input, const std::vector<Bytes>& seeds, RandomStream& random) {
  const size_t size = input.size();
  const size_t at = size == 0 ? 0 : random.integer(size);
  const auto place = [&](size_t offset) { return input.begin() + static_cast<std::ptrdiff_t>(offset); };
  if (size == 0) {
    input.push_back(static_cast<uint8_t>(random.bits()));
    return;
  }
  switch (random.integer(9)) {
    case 0:
      input[at] ^= static_cast<uint8_t>(1u << random.integer(8));
      return;
    case 1:
      input[at] = static_cast<uint8_t>(random.bits());
      return;
    case 2:
      return put_number(input, at, random);
    case 3:  // cut a part out
      input.erase(place(at), place(at + length_up_to(size - at, random)));
      return;
    case 4: {  // double a part
      const Bytes part(place(at), place(at + length_up_to(size - at, random)));
      input.insert(place(random.integer(size + 1)), part.begin(), part.end());
      break;
    }
    case 5:  // cut the end off
      input.resize(at);
      return;
    case 6: {  // a part of another seed
      const Bytes& other = seeds[random.integer(seeds.size())];
      if (other.empty()) return;
      const size_t from = random.integer(other.size()), length = length_up_to(other.size() - from, random);
      const size_t fits = std::min(length, size - at);
      std::memcpy(input.data() + at, other.data() + from, fits);
      return;
    }
    case 7: {  // a run of one byte
      const size_t length = length_up_to(size - at, random);
      std::fill(place(at), place(at + length), static_cast<uint8_t>(random.integer(2) ? 0 : random.bits()));
      return;
    }
    default: {  // a digit of a number in text
      const auto digit = std::find_if(place(at), input.end(), [](uint8_t c) { return c >= '0' && c <= '9'; });
      if (digit != input.end()) *digit = static_cast<uint8_t>('0' + random.integer(10));
      return;
    }
  }
  if (input.size() > kLargestInput) input.resize(kLargestInput);
}

}  // namespace

Bytes mutate(const std::vector<Bytes>& seeds, RandomStream& random) {
  Bytes input = seeds[random.integer(seeds.size())];
  for (uint64_t changes = 1 + random.integer(4); changes > 0; changes--) change(input, seeds, random);
  return input;
}

}  // namespace singlepath
