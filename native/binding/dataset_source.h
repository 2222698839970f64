// ImageOptions of src/runtime/native/dataset.ts, and the DatasetSource of src/data/kinds/, as plain C++.
#pragma once

#include <functional>
#include <memory>

#include "binding/napi_setup.h"
#include "data/dataset.h"
#include "data/sources/image_set.h"

namespace singlepath {

// Copies the description out of JavaScript; the result opens the images on any thread and throws Error.
std::function<ImageSet()> source_opener(const Napi::Value& source);

// ImageOptions; a size or number of channels that is not given is 0.
DatasetOptions to_dataset_options(const Napi::Value& options);

}  // namespace singlepath
