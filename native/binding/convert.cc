#include "binding/convert.h"

#include <cmath>
#include <cstring>

#include "core/error.h"

namespace singlepath {

void expected(const std::string& what, const std::string& where, const Napi::Value& got) {
  throw Error("INVALID_ARGUMENT",
              "Expected " + what + " for " + where + " but received " + got.ToString().Utf8Value());
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
  const Napi::Value value = get(object, name);
  if (!value.IsString()) expected("a string", name, value);
  return value.As<Napi::String>().Utf8Value();
}

namespace {

double to_number(const Napi::Value& value, const char* what, const char* name) {
  if (!value.IsNumber()) expected(what, name, value);
  return value.As<Napi::Number>().DoubleValue();
}

int64_t to_integer(const Napi::Value& value, const char* what, const char* name) {
  const double number = to_number(value, what, name);
  // Beyond 2^53, infinities among them, the conversion would be undefined or inexact.
  if (number != std::floor(number) || std::abs(number) > 0x1p53) expected(what, name, value);
  return static_cast<int64_t>(number);
}

}  // namespace

double get_number(const Napi::Object& object, const char* name) {
  return to_number(get(object, name), "a number", name);
}

int64_t get_integer(const Napi::Object& object, const char* name) {
  return to_integer(get(object, name), "an integer", name);
}

bool get_boolean(const Napi::Object& object, const char* name) {
  const Napi::Value value = get(object, name);
  if (!value.IsBoolean()) expected("a boolean", name, value);
  return value.As<Napi::Boolean>().Value();
}

Napi::Object get_object(const Napi::Object& object, const char* name) {
  const Napi::Value value = get(object, name);
  if (!value.IsObject()) expected("an object", name, value);
  return value.As<Napi::Object>();
}

Napi::Array get_array(const Napi::Object& object, const char* name) {
  const Napi::Value value = get(object, name);
  if (!value.IsArray()) expected("an array", name, value);
  return value.As<Napi::Array>();
}

std::vector<double> get_numbers(const Napi::Object& object, const char* name) {
  const Napi::Array array = get_array(object, name);
  std::vector<double> values;
  for (uint32_t i = 0; i < array.Length(); ++i) values.push_back(to_number(array.Get(i), "numbers", name));
  return values;
}

std::vector<float> get_floats(const Napi::Object& object, const char* name) {
  const std::vector<double> numbers = get_numbers(object, name);
  return std::vector<float>(numbers.begin(), numbers.end());
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
  for (uint32_t i = 0; i < array.Length(); ++i) values.push_back(to_integer(array.Get(i), "integers", name));
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
  Napi::Array shape = Napi::Array::New(env, entry.shape.size());
  for (uint32_t i = 0; i < entry.shape.size(); ++i) shape.Set(i, static_cast<double>(entry.shape[i]));
  result.Set("shape", shape);
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
    const Napi::Object object = array.Get(i).As<Napi::Object>();
    const Napi::Value data = get(object, "data");
    if (!data.IsTypedArray() || data.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array) {
      expected("a Float32Array", "data", data);
    }
    const Napi::Float32Array floats = data.As<Napi::Float32Array>();
    entries.push_back({get_string(object, "name"), get_integers(object, "shape"),
                       std::vector<float>(floats.Data(), floats.Data() + floats.ElementLength())});
    int64_t elements = 1;
    for (const int64_t size : entries.back().shape) elements *= size;
    if (elements != static_cast<int64_t>(floats.ElementLength())) {
      expected(std::to_string(elements) + " values", "data of " + entries.back().name,
               Napi::Number::New(value.Env(), floats.ElementLength()));
    }
  }
  return entries;
}

}  // namespace singlepath
