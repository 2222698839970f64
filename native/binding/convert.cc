#include "binding/convert.h"

#include <cmath>
#include <cstring>

#include "core/error.h"
#include "core/sizes.h"

namespace singlepath {

namespace {

// At most the beginning of it: a value may be a large array, or an object without a toString().
std::string shown(const Napi::Value& value) {
  constexpr size_t kMost = 120;
  try {
    const std::string text = value.ToString().Utf8Value();
    return text.size() <= kMost ? text : text.substr(0, kMost) + "...";
  } catch (const Napi::Error&) {
    return value.IsSymbol() ? "a symbol" : "an object";
  }
}

}  // namespace

void expected(const std::string& what, const std::string& where, const Napi::Value& got) {
  throw Error("INVALID_ARGUMENT", "Expected " + what + " for " + where + " but received " + shown(got));
}

Napi::Value get(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  if (value.IsUndefined()) expected("a value", name, value);
  return value;
}

bool has(const Napi::Object& object, const char* name) {
  return !object.Get(name).IsUndefined();
}

std::string get_string(const Napi::Object& object, const char* name) {
  return to_text(get(object, name), name);
}

namespace {

double finite_number(const Napi::Value& value, const char* what, const std::string& name) {
  if (!value.IsNumber() || !std::isfinite(value.As<Napi::Number>().DoubleValue()))
    expected(what, name, value);
  return value.As<Napi::Number>().DoubleValue();
}

int64_t whole_number(const Napi::Value& value, const char* what, const std::string& name) {
  const double number = finite_number(value, what, name);
  // Beyond 2^53 the conversion would be undefined or inexact.
  if (number != std::floor(number) || std::abs(number) > 0x1p53) expected(what, name, value);
  return static_cast<int64_t>(number);
}

}  // namespace

int64_t to_integer(const Napi::Value& value, const std::string& name, int64_t least, int64_t most) {
  const std::string what = "an integer from " + std::to_string(least) + " to " + std::to_string(most);
  const int64_t number = whole_number(value, what.c_str(), name);
  if (number < least || number > most) expected(what, name, value);
  return number;
}

double get_number(const Napi::Object& object, const char* name) {
  return finite_number(get(object, name), "a number", name);
}

int64_t get_integer(const Napi::Object& object, const char* name) {
  return whole_number(get(object, name), "an integer", name);
}

int64_t get_integer(const Napi::Object& object, const char* name, int64_t least, int64_t most) {
  return to_integer(get(object, name), name, least, most);
}

std::string to_text(const Napi::Value& value, const std::string& name) {
  if (!value.IsString()) expected("a string", name, value);
  return value.As<Napi::String>().Utf8Value();
}

Napi::Object to_object(const Napi::Value& value, const std::string& name) {
  if (!value.IsObject()) expected("an object", name, value);
  return value.As<Napi::Object>();
}

Napi::Function to_function(const Napi::Value& value, const std::string& name) {
  if (!value.IsFunction()) expected("a function", name, value);
  return value.As<Napi::Function>();
}

bool get_boolean(const Napi::Object& object, const char* name) {
  const Napi::Value value = get(object, name);
  if (!value.IsBoolean()) expected("a boolean", name, value);
  return value.As<Napi::Boolean>().Value();
}

Napi::Object get_object(const Napi::Object& object, const char* name) {
  return to_object(get(object, name), name);
}

Napi::Array get_array(const Napi::Object& object, const char* name) {
  const Napi::Value value = get(object, name);
  if (!value.IsArray()) expected("an array", name, value);
  return value.As<Napi::Array>();
}

std::vector<double> get_numbers(const Napi::Object& object, const char* name) {
  const Napi::Array array = get_array(object, name);
  std::vector<double> values;
  for (uint32_t i = 0; i < array.Length(); ++i)
    values.push_back(finite_number(array.Get(i), "numbers", name));
  return values;
}

std::vector<float> get_floats(const Napi::Object& object, const char* name) {
  const std::vector<double> numbers = get_numbers(object, name);
  return std::vector<float>(numbers.begin(), numbers.end());
}

std::vector<uint32_t> get_indices(const Napi::Object& object, const char* name) {
  const Napi::Value value = get(object, name);
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array) {
    expected("a Uint32Array", name, value);
  }
  const auto array = value.As<Napi::Uint32Array>();
  return {array.Data(), array.Data() + array.ElementLength()};
}

std::vector<std::string> get_strings(const Napi::Object& object, const char* name) {
  const Napi::Array array = get_array(object, name);
  std::vector<std::string> values;
  for (uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value value = array.Get(i);
    if (!value.IsString()) expected("strings", name, value);
    values.push_back(value.As<Napi::String>().Utf8Value());
  }
  return values;
}

std::vector<int64_t> get_integers(const Napi::Object& object, const char* name) {
  const Napi::Array array = get_array(object, name);
  std::vector<int64_t> values;
  for (uint32_t i = 0; i < array.Length(); ++i)
    values.push_back(whole_number(array.Get(i), "integers", name));
  return values;
}

Architecture genes_of(const Napi::Value& value) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_int32_array) {
    expected("an Int32Array", "architecture", value);
  }
  const Napi::Int32Array genes = value.As<Napi::Int32Array>();
  return Architecture(genes.Data(), genes.Data() + genes.ElementLength());
}

Napi::Value to_js(Napi::Env env, const TensorEntry& entry) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("name", entry.name);
  result.Set("shape", numbers_to_js(env, entry.shape));
  Napi::Float32Array data = Napi::Float32Array::New(env, entry.data.size());
  std::memcpy(data.Data(), entry.data.data(), entry.data.size() * sizeof(float));
  result.Set("data", data);
  return result;
}

Napi::Value to_js(Napi::Env env, const std::vector<TensorEntry>& entries) {
  Napi::Array result = Napi::Array::New(env, entries.size());
  for (uint32_t i = 0; i < entries.size(); ++i) result.Set(i, to_js(env, entries[i]));
  return result;
}

std::vector<TensorEntry> to_entries(const Napi::Value& value) {
  if (!value.IsArray()) expected("an array of tensors", "entries", value);
  const Napi::Array array = value.As<Napi::Array>();
  std::vector<TensorEntry> entries;
  for (uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Object object = to_object(array.Get(i), "entry " + std::to_string(i));
    const Napi::Value data = get(object, "data");
    if (!data.IsTypedArray() || data.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array) {
      expected("a Float32Array", "data", data);
    }
    const Napi::Float32Array floats = data.As<Napi::Float32Array>();
    entries.push_back({get_string(object, "name"), get_integers(object, "shape"),
                       std::vector<float>(floats.Data(), floats.Data() + floats.ElementLength())});
    const int64_t elements = checked_product(entries.back().shape, "tensor '" + entries.back().name + "'");
    if (elements != static_cast<int64_t>(floats.ElementLength())) {
      expected(std::to_string(elements) + " values", "data of " + entries.back().name,
               Napi::Number::New(value.Env(), floats.ElementLength()));
    }
  }
  return entries;
}

}  // namespace singlepath
