#include "binding/options.h"

#include "binding/convert.h"

namespace singlepath {
namespace {

void read_field(const Napi::Object& object, const char* name, bool& field) {
  field = get_boolean(object, name);
}
void read_field(const Napi::Object& object, const char* name, int& field) {
  field = static_cast<int>(get_integer(object, name, 0, INT32_MAX));
}
void read_field(const Napi::Object& object, const char* name, int64_t& field) {
  field = get_integer(object, name);
}
void read_field(const Napi::Object& object, const char* name, uint64_t& field) {
  field = static_cast<uint64_t>(get_integer(object, name));
}
void read_field(const Napi::Object& object, const char* name, double& field) {
  field = get_number(object, name);
}
void read_field(const Napi::Object& object, const char* name, std::string& field) {
  field = get_string(object, name);
}
void read_field(const Napi::Object& object, const char* name, std::vector<float>& field) {
  field = get_floats(object, name);
}
void read_field(const Napi::Object& object, const char* name, std::vector<std::string>& field) {
  field = get_strings(object, name);
}

}  // namespace

void read_options(const Napi::Object& object, const OptionTable& table) {
  for (const Option& option : table) {
    std::visit([&](auto* field) { read_field(object, option.name, *field); }, option.field);
  }
}

void read_present(const Napi::Object& object, const OptionTable& table) {
  for (const Option& option : table) {
    if (has(object, option.name)) read_options(object, {option});
  }
}

}  // namespace singlepath
