// DatasetSource of src/runtime/native.ts as plain C++.
#pragma once

#include <functional>

#include "binding/napi_setup.h"
#include "data/dataset.h"

namespace singlepath {

// Copies the description out of JavaScript; the result opens the data set on any thread and throws Error.
std::function<Dataset()> dataset_opener(Napi::Value source);

}  // namespace singlepath
