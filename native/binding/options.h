// Options from JavaScript, read into the fields of structs.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "binding/napi_setup.h"

namespace singlepath {

// A property of an object and the field that it is read into; the field's type says what is expected. An
// `int` is from 0 to INT32_MAX, all other whole numbers are at most 2^53.
struct Option {
  const char* name;
  std::variant<bool*, int*, int64_t*, uint64_t*, double*, std::string*, std::vector<float>*,
               std::vector<std::string>*>
      field;
};

using OptionTable = std::vector<Option>;

// Throws INVALID_ARGUMENT where a property is missing or of another type.
void read_options(const Napi::Object& object, const OptionTable& table);
// Leaves the fields of missing properties as they are.
void read_present(const Napi::Object& object, const OptionTable& table);

}  // namespace singlepath
