// Huffman codes of a baseline JPEG, and the bits they are written in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace singlepath {

// What one code and the bits of the value behind it say. `bits` of 0: no code of the table.
struct JpegSymbol {
  int value = 0;     // of the coefficient; of a DC code the difference to the block before
  int advance = 0;   // positions from the coefficient before to this one
  int bits = 0;      // of code and value together
  bool end = false;  // no more coefficients follow: the block is done
};

// What the next JpegCodes::kBits bits say, in one word: a symbol, or two that follow each other.
class JpegLook {
 public:
  static constexpr int kEndOfBlock = 128;

  JpegLook() = default;
  // A code of `length` bits without its value, which is longer than what was looked at.
  static JpegLook code_alone(int length, int symbol) {
    return JpegLook(static_cast<uint32_t>(length) << 22 | static_cast<uint32_t>(symbol) << 14);
  }
  static JpegLook of(const JpegSymbol& first) {
    return JpegLook(static_cast<uint32_t>(first.bits) | static_cast<uint32_t>(first.advance) << 4 |
                    static_cast<uint32_t>(first.end) << 9 | static_cast<uint32_t>(first.value) << 22);
  }
  // This symbol, then `next`, whose value takes at most seven bits.
  JpegLook and_then(JpegLook next) const {
    return JpegLook(word_ + next.bits() + (next.word_ & 1U << 9) +
                    (static_cast<uint32_t>(next.advance()) << 10) +
                    ((static_cast<uint32_t>(next.value()) & 0x7f) << 15));
  }

  // Of both symbols; 0: the code and its value are longer.
  unsigned bits() const { return word_ & 15; }
  int advance() const { return static_cast<int>(word_ >> 4 & 31); }
  int value() const { return static_cast<int32_t>(word_) >> 22; }
  // 0 without a second symbol.
  int second_advance() const { return static_cast<int>(word_ >> 10 & 31); }
  int second_value() const { return static_cast<int32_t>(word_ << 10) >> 25; }
  // kEndOfBlock behind the last coefficient, else 0.
  int end() const { return static_cast<int>(word_ >> 2 & kEndOfBlock); }
  // Of a code alone; its length is 0 where the code itself is longer.
  int code_length() const { return static_cast<int>(word_ >> 22); }
  int code_symbol() const { return static_cast<int>(word_ >> 14 & 0xff); }

 private:
  explicit JpegLook(uint32_t word) : word_(word) {}

  uint32_t word_ = 0;
};

// A table of codes. The next kBits bits tell most symbols with their values in one look; longer ones take a
// search.
class JpegCodes {
 public:
  enum class Kind { dc, ac };
  static constexpr int kBits = 11;

  // `counts` of 16 lengths, 1 to 16 bits, and the symbols in order. Returns false for what baseline files
  // do not have: too many codes, values beyond 11 (DC) or 10 (AC) bits.
  bool build(Kind kind, const uint8_t* counts, const uint8_t* symbols);

  // What the front of 64 bits says. A second symbol is told of AC codes only.
  JpegLook look(uint64_t window) const { return quick_[window >> (64 - kBits)]; }
  // The symbol at the front, however long; bits of 0: there is no such code.
  JpegSymbol read(uint64_t window) const;

 private:
  JpegSymbol complete(int symbol, int length, uint64_t window) const;
  void look_up(int symbol, int length, uint32_t code);
  void join_pairs();

  Kind kind_ = Kind::dc;
  uint8_t counts_[16] = {}, symbols_[256] = {};
  JpegLook quick_[1 << kBits];
  // Per length: the first 16-bit value beyond its codes, and where its symbols begin less its first code.
  uint32_t limits_[17] = {};
  int32_t offsets_[17] = {};
};

// The data between two markers with their stuffed zeros taken out, a part at a time.
class JpegBits {
 public:
  // Bytes that a reader may go past the end before somebody looks: more than the longest MCU.
  static constexpr size_t kSlack = 4096;

  // `data` begins behind the header of the scan.
  void start(const uint8_t* data, size_t size);
  // Unstuffs more bytes, up to the next marker. False: there are no more.
  bool more();
  // Whether no marker follows, up to the end of the data.
  bool cut_off();
  // Goes on behind restart marker `number` (0 to 7), which must come next.
  bool restart(int number);

  const uint8_t* begin() const { return buffer_.data(); }
  // Behind the last byte.
  const uint8_t* end() const { return begin() + filled_; }
  // Where a reader asks for more.
  const uint8_t* low_water() const { return filled_ < kSlack ? begin() : end() - kSlack; }

 private:
  const uint8_t *next_ = nullptr, *data_end_ = nullptr;
  std::vector<uint8_t> buffer_;
  size_t filled_ = 0;
};

// Reads bits from the front, 56 at a time. It does not know the end: whoever holds it compares.
class JpegBitReader {
 public:
  explicit JpegBitReader(const uint8_t* at) : at_(at) {}

  // At least 56 bits are there afterwards: two symbols.
  void fill() {
    uint64_t next;
    std::memcpy(&next, at_, sizeof next);
    window_ |= __builtin_bswap64(next) >> held_;
    at_ += (63 - held_) >> 3;
    held_ |= 56;
  }
  uint64_t window() const { return window_; }
  void drop(unsigned bits) {
    window_ <<= bits;
    held_ -= bits;
  }
  // Goes back to `window`, of which `dropped` bits were taken, and takes `bits` only.
  void take_back(uint64_t window, unsigned dropped, unsigned bits) {
    window_ = window << bits;
    held_ += dropped - bits;
  }
  // The first byte of which no bit was used.
  const uint8_t* position() const { return at_ - held_ / 8; }
  const uint8_t* fetched() const { return at_; }

 private:
  const uint8_t* at_;
  uint64_t window_ = 0;
  unsigned held_ = 0;
};

}  // namespace singlepath
