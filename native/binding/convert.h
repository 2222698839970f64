// JavaScript values to plain structs and back, with one message form for what does not fit.
#pragma once

#include <string>
#include <vector>

#include "binding/napi_setup.h"
#include "graph/graph.h"
#include "weights/tensor_entry.h"

namespace singlepath {

Napi::Value get(const Napi::Object& object, const char* name);  // throws when undefined
bool has(const Napi::Object& object, const char* name);         // neither absent nor undefined
std::string get_string(const Napi::Object& object, const char* name);
double get_number(const Napi::Object& object, const char* name);  // finite
int64_t get_integer(const Napi::Object& object, const char* name);
int64_t get_integer(const Napi::Object& object, const char* name, int64_t least, int64_t most);
// Of a value that has no name of its own in an object.
int64_t to_integer(const Napi::Value& value, const std::string& name, int64_t least, int64_t most);
bool get_boolean(const Napi::Object& object, const char* name);
Napi::Object get_object(const Napi::Object& object, const char* name);
std::string to_text(const Napi::Value& value, const std::string& name);
Napi::Object to_object(const Napi::Value& value, const std::string& name);
Napi::Function to_function(const Napi::Value& value, const std::string& name);
Napi::Array get_array(const Napi::Object& object, const char* name);
std::vector<std::string> get_strings(const Napi::Object& object, const char* name);
std::vector<int64_t> get_integers(const Napi::Object& object, const char* name);
std::vector<double> get_numbers(const Napi::Object& object, const char* name);
std::vector<float> get_floats(const Napi::Object& object, const char* name);
std::vector<uint32_t> get_indices(const Napi::Object& object, const char* name);  // a Uint32Array

[[noreturn]] void expected(const std::string& what, const std::string& where, const Napi::Value& got);

// Of an Int32Array; checked against the network by Network::check.
Architecture genes_of(const Napi::Value& value);
NetworkDescription to_network_description(const Napi::Object& object);

template <class Numbers>
Napi::Array numbers_to_js(Napi::Env env, const Numbers& values) {
  Napi::Array array = Napi::Array::New(env, values.size());
  uint32_t at = 0;
  for (const auto value : values) array.Set(at++, value);
  return array;
}

Napi::Value to_js(Napi::Env env, const TensorEntry& entry);
Napi::Value to_js(Napi::Env env, const std::vector<TensorEntry>& entries);
std::vector<TensorEntry> to_entries(const Napi::Value& value);

}  // namespace singlepath
