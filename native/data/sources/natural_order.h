// The order in which people count: class2 before class10.
#pragma once

#include <string>

namespace singlepath {

// True when `a` comes before `b`: runs of digits are compared as numbers, everything else byte by byte. A
// total order: names that differ only in leading zeros are told apart by their bytes.
bool natural_less(const std::string& a, const std::string& b);

}  // namespace singlepath
