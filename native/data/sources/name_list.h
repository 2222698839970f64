// Millions of file names in two blocks of memory, instead of one allocation each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace singlepath {

class NameList {
 public:
  void add(std::string_view name) {
    bytes_.append(name);
    ends_.push_back(bytes_.size());
  }
  int64_t size() const { return static_cast<int64_t>(ends_.size()); }
  std::string_view operator[](int64_t index) const {
    const auto i = static_cast<size_t>(index);
    const size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(begin, ends_[i] - begin);
  }

 private:
  std::string bytes_;
  std::vector<uint64_t> ends_;
};

}  // namespace singlepath
