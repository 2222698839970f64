#include "data/image/jpeg_codes.h"

#include <algorithm>

namespace singlepath {
namespace {

constexpr size_t kPart = 1 << 16;
// A look has room for values of so many bits.
constexpr int kMostQuickSize = 9;

// The value that `size` bits stand for (JPEG, ITU-T T.81, F.2.2.1): a leading 0 makes it negative.
int value_of(uint64_t bits, int size) {
  if (size == 0) return 0;
  const int plain = static_cast<int>(bits);
  return plain >> (size - 1) ? plain : plain - (1 << size) + 1;
}

}  // namespace

bool JpegCodes::build(Kind kind, const uint8_t* counts, const uint8_t* symbols) {
  int total = 0;
  for (int i = 0; i < 16; i++) total += counts[i];
  if (total > 256) return false;
  // Most files use the same tables as the one before.
  if (kind == kind_ && limits_[16] != 0 && std::equal(counts, counts + 16, counts_) &&
      std::equal(symbols, symbols + total, symbols_)) {
    return true;
  }
  kind_ = kind;
  std::copy(counts, counts + 16, counts_);
  std::copy(symbols, symbols + total, symbols_);
  limits_[16] = 0;  // nothing is built yet
  std::fill(std::begin(quick_), std::end(quick_), JpegLook());
  uint32_t limits[17] = {};
  uint32_t code = 0;
  int at = 0;
  for (int length = 1; length <= 16; length++, code <<= 1) {
    offsets_[length] = at - static_cast<int32_t>(code);
    for (int i = 0; i < counts[length - 1]; i++, at++, code++) {
      const int size = kind == Kind::ac ? symbols[at] & 15 : symbols[at];
      if (code >> length != 0 || size > (kind == Kind::ac ? 10 : 11)) return false;
      if (kind == Kind::ac && size == 0 && symbols[at] != 0 && symbols[at] != 0xf0) return false;
      if (length <= kBits) look_up(symbols[at], length, code);
    }
    limits[length] = code << (16 - length);
  }
  if (kind == Kind::ac) join_pairs();
  std::copy(std::begin(limits), std::end(limits), limits_);
  return total > 0;
}

// All looks that begin with `code`.
void JpegCodes::look_up(int symbol, int length, uint32_t code) {
  const int rest = kBits - length, size = kind_ == Kind::ac ? symbol & 15 : symbol;
  JpegLook* looks = quick_ + (code << rest);
  if (size > rest || size > kMostQuickSize) {
    std::fill(looks, looks + (1 << rest), JpegLook::code_alone(length, symbol));
    return;
  }
  const int behind = 1 << (rest - size);
  for (uint32_t bits = 0; bits < 1U << size; bits++, looks += behind) {
    const uint64_t front = static_cast<uint64_t>(code << size | bits) << (64 - length - size);
    std::fill(looks, looks + behind, JpegLook::of(complete(symbol, length, front)));
  }
}

void JpegCodes::join_pairs() {
  constexpr uint32_t kAll = 1U << kBits;
  JpegLook alone[kAll];
  std::copy(std::begin(quick_), std::end(quick_), alone);
  for (uint32_t front = 0; front < kAll; front++) {
    const JpegLook first = alone[front];
    const JpegLook second = alone[front << first.bits() & (kAll - 1)];
    const bool fits = first.bits() != 0 && second.bits() != 0 && first.bits() + second.bits() <= kBits;
    const bool small = second.value() >= -64 && second.value() < 64;
    if (fits && small && first.end() == 0) quick_[front] = first.and_then(second);
  }
}

JpegSymbol JpegCodes::complete(int symbol, int length, uint64_t window) const {
  const int size = kind_ == Kind::ac ? symbol & 15 : symbol;
  const uint64_t bits = size == 0 ? 0 : window << length >> (64 - size);
  const bool end = kind_ == Kind::ac && symbol == 0;
  const int advance = kind_ == Kind::ac ? (symbol >> 4) + 1 : 1;
  return {value_of(bits, size), advance, length + size, end};
}

JpegSymbol JpegCodes::read(uint64_t window) const {
  const JpegLook known = look(window);
  if (known.bits() == 0 && known.code_length() != 0) {
    return complete(known.code_symbol(), known.code_length(), window);
  }
  const auto front = static_cast<uint32_t>(window >> 48);
  for (int length = 1; length <= 16; length++) {
    if (front < limits_[length]) {
      const int index = offsets_[length] + static_cast<int32_t>(front >> (16 - length));
      return complete(symbols_[index], length, window);
    }
  }
  return {};
}

void JpegBits::start(const uint8_t* data, size_t size) {
  next_ = data;
  data_end_ = data + size;
  filled_ = 0;
  if (buffer_.size() < size + 2 * kSlack) buffer_.resize(size + 2 * kSlack);
}

bool JpegBits::more() {
  const uint8_t* from = next_;
  uint8_t *to = buffer_.data() + filled_, *const full = to + kPart;
  while (from < data_end_ && to < full) {
    const auto* stuffed = static_cast<const uint8_t*>(
        std::memchr(from, 0xff, std::min(static_cast<size_t>(data_end_ - from), kPart)));
    const size_t plain = stuffed != nullptr ? static_cast<size_t>(stuffed - from)
                                            : std::min(static_cast<size_t>(data_end_ - from), kPart);
    std::memcpy(to, from, plain);
    to += plain;
    from += plain;
    if (stuffed == nullptr) continue;
    if (data_end_ - from < 2 || from[1] != 0) break;  // a marker
    *to++ = 0xff;
    from += 2;
  }
  const bool any = from != next_;
  next_ = from;
  filled_ = static_cast<size_t>(to - buffer_.data());
  return any;
}

bool JpegBits::cut_off() {
  while (more()) {
  }
  // A marker may be filled up with bytes like its first one.
  return std::all_of(next_, data_end_, [](uint8_t byte) { return byte == 0xff; });
}

bool JpegBits::restart(int number) {
  if (cut_off() || next_[0] != 0xff || next_[1] != 0xd0 + number) return false;
  next_ += 2;
  filled_ = 0;
  more();
  return true;
}

}  // namespace singlepath
