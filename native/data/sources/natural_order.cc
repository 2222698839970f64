#include "data/sources/natural_order.h"

#include <string_view>

namespace singlepath {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The digits at `at` without leading zeros; moves `at` behind them.
std::string_view take_number(const std::string& text, size_t& at) {
  while (at < text.size() && text[at] == '0') at++;
  const size_t begin = at;
  while (at < text.size() && is_digit(text[at])) at++;
  return std::string_view(text).substr(begin, at - begin);
}

}  // namespace

bool natural_less(const std::string& a, const std::string& b) {
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (is_digit(a[i]) && is_digit(b[j])) {
      const std::string_view x = take_number(a, i), y = take_number(b, j);
      if (x.size() != y.size()) return x.size() < y.size();
      if (const int order = x.compare(y)) return order < 0;
    } else {
      const auto x = static_cast<unsigned char>(a[i++]), y = static_cast<unsigned char>(b[j++]);
      if (x != y) return x < y;
    }
  }
  if (i < a.size() || j < b.size()) return j < b.size();
  return a < b;
}

}  // namespace singlepath
