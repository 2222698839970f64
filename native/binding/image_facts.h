// What is known of a set of image files, for JavaScript.
#pragma once

#include <string>
#include <vector>

#include "binding/napi_setup.h"
#include "data/sources/listing.h"

namespace singlepath {

Napi::Array to_js(Napi::Env env, const std::vector<std::string>& values);
Napi::Array to_js(Napi::Env env, const std::vector<ImageProblem>& problems);
Napi::Object to_js(Napi::Env env, const ListingNotes& notes);

// Adds `inspectImages` and `packImages` to the addon.
void init_images(Napi::Env env, Napi::Object exports);

}  // namespace singlepath
